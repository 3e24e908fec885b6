// SPDX-License-Identifier: Apache-2.0
// Live figures and the download test of the built-in origin's page. No library, no external request.
"use strict";
(() => {
	const DOWNLOAD_BYTES = 256 * 1024 * 1024;
	const POLL_MS = 1000;
	const element = (id) => document.getElementById(id);
	const show = (id, text) => { element(id).textContent = text; };
	const count = (value) => Math.round(value).toLocaleString("en-US");

	function bytes(value) {
		const units = ["B", "kB", "MB", "GB", "TB", "PB"];
		let unit = 0;
		while (value >= 1000 && unit < units.length - 1) {
			value /= 1000;
			unit++;
		}
		return (unit === 0 ? value.toFixed(0) : value.toPrecision(3)) + " " + units[unit];
	}

	function duration(seconds) {
		const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
		const first = parts.findIndex(([size]) => seconds >= size);
		if (first < 0)
			return "0 s";
		return parts.slice(first, first + 2).map(([size, name], at) =>
			Math.floor(at === 0 ? seconds / size : (seconds % parts[first][0]) / size) + " " + name).join(" ");
	}

	function showTable(status) {
		const rows = Object.entries({ ...status.gauges, ...status.counters }).map(([name, value]) => {
			const row = document.createElement("tr");
			for (const text of [name.replaceAll("_", " "), count(value)])
				row.appendChild(document.createElement("td")).textContent = text;
			return row;
		});
		element("all").replaceChildren(...rows);
	}

	function showRates(now, before, seconds) {
		const sealed = now.bytes_sealed - before.bytes_sealed;
		const records = now.records_sealed + now.records_opened - before.records_sealed - before.records_opened;
		const bursts = now.bursts - before.bursts;
		show("c-rate", bytes(Math.max(0, sealed / seconds)));
		show("c-records-rate", count(Math.max(0, records / seconds)));
		show("c-burst", bursts > 0 ? (records / bursts).toFixed(1) : "\u2013");
	}

	function showStatus(status) {
		const counters = status.counters;
		const records = counters.records_cpu + counters.records_card;
		show("tls", status.tls_version);
		show("cipher", status.cipher);
		show("path", status.path === "card" ? "Accelerator card" : "CPU");
		element("path-card").dataset.path = status.path;
		show("c-open", count(status.gauges.connections_open));
		show("c-uptime", duration(status.uptime_s));
		show("c-handshakes", count(counters.handshakes_full + counters.handshakes_resumed));
		show("c-bytes", bytes(counters.bytes_sealed));
		show("c-records", count(counters.records_sealed));
		show("c-cpu", count(counters.records_cpu));
		show("c-card", count(counters.records_card));
		element("split").value = records > 0 ? counters.records_cpu / records : 1;
		showTable(status);
	}

	let last = null;
	async function poll() {
		try {
			const answer = await fetch("/status", { cache: "no-store" });
			if (!answer.ok)
				throw new Error("HTTP " + answer.status);
			const status = await answer.json();
			const at = performance.now();
			showStatus(status);
			if (last)
				showRates(status.counters, last.counters, (at - last.at) / 1000);
			last = { counters: status.counters, at };
			element("live").className = "live on";
			show("live-text", status.draining ? "draining" : "live");
		} catch (error) {
			element("live").className = "live";
			show("live-text", "no answer");
		}
		setTimeout(poll, POLL_MS);
	}

	async function download() {
		const button = element("run");
		button.disabled = true;
		try {
			const answer = await fetch("/bytes/" + DOWNLOAD_BYTES, { cache: "no-store" });
			if (!answer.ok)
				throw new Error("HTTP " + answer.status);
			const reader = answer.body.getReader();
			const begin = performance.now();
			let received = 0, shown = 0;
			for (;;) {
				const { done, value } = await reader.read();
				if (done)
					break;
				received += value.length;
				const now = performance.now();
				if (now - shown > 100) {
					shown = now;
					element("bar").value = received / DOWNLOAD_BYTES;
					show("speed", bytes(received / (now - begin) * 1000) + "/s");
				}
			}
			const seconds = (performance.now() - begin) / 1000;
			element("bar").value = received / DOWNLOAD_BYTES;
			show("speed", bytes(received / seconds) + "/s");
			show("speed-note", bytes(received) + " in " + seconds.toFixed(2) + " s, " +
				(received * 8 / seconds / 1e9).toFixed(2) + " Gbit/s, through one TLS connection.");
		} catch (error) {
			show("speed-note", "The download failed: " + error.message);
		}
		button.disabled = false;
	}

	element("run").addEventListener("click", download);
	poll();
})();
