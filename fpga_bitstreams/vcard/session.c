/* SPDX-License-Identifier: Apache-2.0 */
/* A client's messages; see session.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vfio.h>

#include "registers.h"
#include "session.h"

/* ---- memory of the client ---- */

static int dma_map(struct vcard_session *session)
{
	struct vcard_channel *channel = &session->channel;
	struct vcard_card *card = session->card;
	struct vcard_wire_dma_map asked;
	int error;

	memcpy(&asked, channel->body, sizeof(asked));
	if (asked.flags & ~(VCARD_WIRE_MAP_READ | VCARD_WIRE_MAP_WRITE) || channel->fd_count > 1)
		return -EINVAL;
	static_assert(VCARD_WIRE_MAP_READ == VCARD_DMA_READABLE && VCARD_WIRE_MAP_WRITE == VCARD_DMA_WRITEABLE,
		      "flags are passed on as they are");
	vcard_gate_close(&card->gate);
	error = vcard_dma_map_add(&card->map, asked.address, asked.size, asked.flags,
				  channel->fd_count ? channel->fds[0] : -1, asked.offset);
	vcard_gate_open(&card->gate);
	return error ? error : vcard_channel_reply(channel, NULL, 0, -1);
}

static int dma_unmap(struct vcard_session *session)
{
	struct vcard_card *card = session->card;
	struct vcard_wire_dma_unmap asked;
	int error = 0;

	memcpy(&asked, session->channel.body, sizeof(asked));
	if (asked.flags & ~VCARD_WIRE_UNMAP_ALL)
		return -EOPNOTSUPP;
	if (asked.flags && (asked.address || asked.size))
		return -EINVAL;
	vcard_gate_close(&card->gate);
	if (asked.flags)
		vcard_dma_map_clear(&card->map);
	else
		error = vcard_dma_map_remove(&card->map, asked.address, asked.size, &asked.size);
	vcard_gate_open(&card->gate);
	return error ? error : vcard_channel_reply(&session->channel, &asked, sizeof(asked), -1);
}

/* ---- regions ---- */

/* True when the access lies in its region; that to BAR0 is in whole words. */
static bool access_is_good(const struct vcard_wire_region_access *access)
{
	uint64_t size = access->region == VFIO_PCI_BAR0_REGION_INDEX     ? GLACIS_CARD_BAR0_SIZE
			: access->region == VFIO_PCI_CONFIG_REGION_INDEX ? VCARD_PCI_CONFIG_SIZE
									 : 0;

	if (access->offset > size || access->count > size - access->offset || access->count > VCARD_WIRE_DATA_MAX)
		return false;
	return access->region != VFIO_PCI_BAR0_REGION_INDEX || (access->offset % 4 == 0 && access->count % 4 == 0);
}

static int region_read(struct vcard_session *session)
{
	struct vcard_wire_region_access access;

	memcpy(&access, session->channel.body, sizeof(access));
	if (!access_is_good(&access))
		return -EINVAL;
	memcpy(session->answer, &access, sizeof(access));
	if (access.region == VFIO_PCI_CONFIG_REGION_INDEX)
		vcard_pci_config_read(&session->config, (uint32_t)access.offset, session->answer + sizeof(access),
				      access.count);
	if (access.region == VFIO_PCI_CONFIG_REGION_INDEX && (session->card->gone || session->card->booting))
		memset(session->answer + sizeof(access), 0xff, access.count);
	for (uint32_t i = 0; access.region == VFIO_PCI_BAR0_REGION_INDEX && i < access.count; i += 4) {
		uint32_t value = vcard_registers_read(session->card, (uint32_t)access.offset + i);

		memcpy(session->answer + sizeof(access) + i, &value, sizeof(value));
	}
	return vcard_channel_reply(&session->channel, session->answer, sizeof(access) + access.count, -1);
}

static void write_config(struct vcard_session *session, uint32_t offset, const uint8_t *from, uint32_t size)
{
	vcard_pci_config_write(&session->config, offset, from, size);
	vcard_card_master(session->card, vcard_pci_config_masters(&session->config));
}

static int region_write(struct vcard_session *session)
{
	const uint8_t *data = session->channel.body + sizeof(struct vcard_wire_region_access);
	struct vcard_wire_region_access access;

	memcpy(&access, session->channel.body, sizeof(access));
	if (!access_is_good(&access) || access.count > session->channel.body_size - sizeof(access))
		return -EINVAL;
	if (access.region == VFIO_PCI_CONFIG_REGION_INDEX && !session->card->booting)
		write_config(session, (uint32_t)access.offset, data, access.count);
	for (uint32_t i = 0; access.region == VFIO_PCI_BAR0_REGION_INDEX && i < access.count; i += 4) {
		uint32_t value;

		memcpy(&value, data + i, sizeof(value));
		vcard_registers_write(session->card, (uint32_t)access.offset + i, value);
	}
	return vcard_channel_reply(&session->channel, &access, sizeof(access), -1);
}

/* ---- interrupts ---- */

/* Gives vectors `start` and on the eventfds that came along, or takes theirs away when none did. */
static int assign_eventfds(struct vcard_session *session, const struct vfio_irq_set *set)
{
	struct vcard_channel *channel = &session->channel;
	int error = 0;

	if (channel->fd_count && channel->fd_count != set->count)
		return -EINVAL;
	for (uint32_t i = 0; i < set->count && !error; i++) {
		error = vcard_interrupts_set(&session->card->interrupts, set->start + i,
					     channel->fd_count ? channel->fds[i] : -1);
		if (!error && channel->fd_count)
			channel->fds[i] = -1;
	}
	return error;
}

static int apply_irqs(struct vcard_session *session, const struct vfio_irq_set *set)
{
	struct vcard_interrupts *interrupts = &session->card->interrupts;

	switch (set->flags) {
	case VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER:
		return assign_eventfds(session, set);
	case VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER:
		if (!set->count)
			vcard_interrupts_clear(interrupts);
		/* no message of the card's, so not subject to bus mastering */
		for (uint32_t i = 0; i < set->count; i++)
			vcard_interrupts_raise(interrupts, set->start + i);
		return 0;
	default:
		return -EINVAL;
	}
}

static int set_irqs(struct vcard_session *session)
{
	struct vcard_card *card = session->card;
	struct vfio_irq_set set;
	uint32_t vectors;
	int error;

	memcpy(&set, session->channel.body, sizeof(set));
	if (set.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	vectors = set.index == VFIO_PCI_MSIX_IRQ_INDEX ? vcard_card_queue_count(card) : 0;
	if (set.start > vectors || set.count > vectors - set.start)
		return -EINVAL;
	/* The other kinds have no vectors: to switch them off is all that is left. */
	if (set.index == VFIO_PCI_MSIX_IRQ_INDEX) {
		vcard_gate_close(&card->gate);
		error = apply_irqs(session, &set);
		vcard_gate_open(&card->gate);
		if (error)
			return error;
	}
	return vcard_channel_reply(&session->channel, NULL, 0, -1);
}

void vcard_session_power(struct vcard_session *session)
{
	vcard_card_master(session->card, false);
	vcard_card_reset(session->card);
	vcard_pci_config_init(&session->config, vcard_card_queue_count(session->card));
}

static int reset(struct vcard_session *session)
{
	vcard_session_power(session);
	return vcard_channel_reply(&session->channel, NULL, 0, -1);
}

/* ---- from message to function ---- */

struct command {
	enum vcard_wire_command command;
	uint32_t body_min;
	int (*run)(struct vcard_session *session); /* 0 when it has answered, or the error to answer with */
};

static const struct command commands[] = {
	{ VCARD_WIRE_VERSION, sizeof(struct vcard_wire_version), vcard_session_version },
	{ VCARD_WIRE_DMA_MAP, sizeof(struct vcard_wire_dma_map), dma_map },
	{ VCARD_WIRE_DMA_UNMAP, sizeof(struct vcard_wire_dma_unmap), dma_unmap },
	{ VCARD_WIRE_GET_INFO, 16, vcard_session_info },
	{ VCARD_WIRE_GET_REGION_INFO, sizeof(struct vfio_region_info), vcard_session_region_info },
	{ VCARD_WIRE_GET_IRQ_INFO, sizeof(struct vfio_irq_info), vcard_session_irq_info },
	{ VCARD_WIRE_SET_IRQS, sizeof(struct vfio_irq_set), set_irqs },
	{ VCARD_WIRE_REGION_READ, sizeof(struct vcard_wire_region_access), region_read },
	{ VCARD_WIRE_REGION_WRITE, sizeof(struct vcard_wire_region_access), region_write },
	{ VCARD_WIRE_RESET, 0, reset },
};

static int run_message(struct vcard_session *session)
{
	const struct vcard_channel *channel = &session->channel;
	int error = -EOPNOTSUPP;

	for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].command != channel->header.command)
			continue;
		if (channel->body_size < commands[i].body_min)
			error = -EINVAL;
		else if (!session->negotiated && commands[i].command != VCARD_WIRE_VERSION)
			error = -EPROTO;
		else
			error = commands[i].run(session);
		break;
	}
	return error ? vcard_channel_refuse(&session->channel, error) : 0;
}

int vcard_session_run(struct vcard_session *session)
{
	for (unsigned i = 0; i < SESSION_TURN; i++) {
		int result = vcard_channel_receive(&session->channel);

		if (result <= 0)
			return result;
		result = run_message(session);
		if (result)
			return result;
	}
	return 0;
}

/* ---- life ---- */

int vcard_session_init(struct vcard_session *session, struct vcard_card *card)
{
	int error;

	memset(session, 0, sizeof(*session));
	session->card = card;
	session->host = (struct vcard_host){ vcard_channel_dma_read, vcard_channel_dma_write, &session->channel };
	session->answer = malloc(VCARD_WIRE_BODY_MAX);
	if (!session->answer)
		return -ENOMEM;
	error = vcard_channel_init(&session->channel, &card->gate, &card->map.master);
	if (error)
		free(session->answer);
	return error;
}

void vcard_session_destroy(struct vcard_session *session)
{
	vcard_session_close(session);
	vcard_channel_destroy(&session->channel);
	free(session->answer);
}

int vcard_session_open(struct vcard_session *session, int fd)
{
	int error;

	session->negotiated = false;
	vcard_pci_config_init(&session->config, vcard_card_queue_count(session->card));
	vcard_channel_open(&session->channel, fd);
	error = vcard_card_attach(session->card, &session->host);
	if (error)
		vcard_channel_close(&session->channel);
	return error;
}

void vcard_session_close(struct vcard_session *session)
{
	if (!vcard_session_is_open(session))
		return;
	vcard_channel_close(&session->channel);
	vcard_card_detach(session->card);
}
