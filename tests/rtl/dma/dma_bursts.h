// SPDX-License-Identifier: Apache-2.0
// What the benches of the card's reads and writes have alike: how an access is cut into bursts, computed anew; what
// lies in host memory, and where that fails.
#ifndef GLACIS_TEST_RTL_DMA_BURSTS_H
#define GLACIS_TEST_RTL_DMA_BURSTS_H

#include <cstdint>
#include <random>
#include <vector>

constexpr unsigned DMA_BEAT = 32, DMA_BURST = 512, DMA_PAGE = 4096;

struct dma_burst {
	uint64_t address;
	uint32_t bytes;
	uint8_t queue;

	uint64_t first_beat() const
	{
		return address / DMA_BEAT * DMA_BEAT;
	}
	unsigned beats() const
	{
		return bytes ? (address % DMA_BEAT + bytes + DMA_BEAT - 1) / DMA_BEAT : 0;
	}
};

// None passes a multiple of 512 bytes; no bytes are one burst of none.
inline std::vector<dma_burst> dma_cut(uint64_t address, uint32_t size, uint8_t queue)
{
	std::vector<dma_burst> cut;

	do {
		uint32_t room = DMA_BURST - static_cast<uint32_t>(address % DMA_BURST),
			 bytes = size < room ? size : room;

		cut.push_back({ address, bytes, queue });
		address += bytes;
		size -= bytes;
	} while (size);
	return cut;
}

// Passes the end of all addresses.
inline bool dma_is_refused(uint64_t address, uint32_t size)
{
	return size && address + (size - 1) < address;
}

inline uint32_t dma_hash(uint64_t value)
{
	return static_cast<uint32_t>((value ^ value >> 29) * 0x9e3779b97f4a7c15u >> 32);
}

inline uint8_t dma_byte(uint64_t address)
{
	return static_cast<uint8_t>(dma_hash(address) >> 13);
}

// One page in sixteen answers with an error.
inline bool dma_fails(uint64_t address)
{
	return dma_hash(address / DMA_PAGE + 1) % 16 == 0;
}

// Anywhere; one in 64 ends where addresses do, or passes that.
template <class Random> uint64_t dma_address(Random &random, uint32_t size)
{
	uint64_t any = uint64_t{ random() } << 32 | random();

	if (random() % 64)
		return any % (UINT64_MAX - 2 * DMA_PAGE * 16);
	return 0 - uint64_t{ size } + (random() % 2 ? 0 : random() % 40);
}

// Bytes of a port of many words.
template <class Wide> uint8_t dma_get_byte(const Wide &wide, unsigned byte)
{
	return static_cast<uint8_t>(wide[byte / 4] >> byte % 4 * 8);
}

template <class Wide> void dma_set_byte(Wide &wide, unsigned byte, uint8_t value)
{
	wide[byte / 4] = (wide[byte / 4] & ~(0xffu << byte % 4 * 8)) | static_cast<uint32_t>(value) << byte % 4 * 8;
}

// Channels that are quick, slow, or in between, each for a while.
class dma_pace
{
      public:
	template <class Random> void pass(Random &random)
	{
		if (cycle++ % 256 == 0)
			for (unsigned &one : eighths)
				one = random() % 4 == 0 ? 1 : random() % 2 ? 5 : 8;
	}
	template <class Random> bool comes(Random &random, unsigned channel) const
	{
		return random() % 8 < eighths[channel];
	}

      private:
	unsigned long cycle = 0;
	unsigned eighths[5] = {};
};

#endif
