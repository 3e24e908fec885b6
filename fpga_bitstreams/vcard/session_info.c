/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client asks before it uses the device: version, number and size of regions, interrupts. Bodies are the
 * kernel's VFIO structures.
 */
#include <errno.h>
#include <string.h>

#include <jansson.h>
#include <linux/vfio.h>

#include "session.h"

static const char capabilities[] = "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576}}";

/* What the client says of itself. Takes the smaller of its limit of data and ours. */
static int read_capabilities(struct vcard_session *session, const char *text, size_t size)
{
	json_t *root, *limit;
	int error = 0;

	if (!size)
		return 0;
	if (text[size - 1] != '\0')
		return -EINVAL;
	root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (!root)
		return -EINVAL;
	limit = json_object_get(json_object_get(root, "capabilities"), "max_data_xfer_size");
	if (limit) {
		json_int_t value = json_integer_value(limit);

		if (!json_is_integer(limit) || value < 1)
			error = -EINVAL;
		else if (value < (json_int_t)session->channel.data_max)
			session->channel.data_max = (uint32_t)value;
	}
	json_decref(root);
	return error;
}

int vcard_session_version(struct vcard_session *session)
{
	const struct vcard_wire_version *asked = (const void *)session->channel.body;
	struct vcard_wire_version *answer = (void *)session->answer;
	int error;

	if (session->negotiated || asked->major != 0)
		return -EINVAL;
	error = read_capabilities(session, asked->capabilities, session->channel.body_size - sizeof(*asked));
	if (error)
		return error;
	session->negotiated = true;
	vcard_card_choose_image(session->card);
	*answer = (struct vcard_wire_version){ .major = 0, .minor = 0 };
	memcpy(answer->capabilities, capabilities, sizeof(capabilities));
	return vcard_channel_reply(&session->channel, answer, sizeof(*answer) + sizeof(capabilities), -1);
}

int vcard_session_info(struct vcard_session *session)
{
	struct {
		uint32_t argsz, flags, num_regions, num_irqs;
	} info = { sizeof(info), VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET, VFIO_PCI_NUM_REGIONS,
		   VFIO_PCI_NUM_IRQS };

	return vcard_channel_reply(&session->channel, &info, sizeof(info), -1);
}

/* BAR0, of which the doorbell pages can be mapped. A client asks first with room for the fixed part only. */
static int bar0_info(struct vcard_session *session, uint32_t room)
{
	struct {
		struct vfio_region_info info;
		/* struct vfio_region_info_cap_sparse_mmap with one area */
		struct vfio_info_cap_header header;
		uint32_t nr_areas, reserved;
		struct vfio_region_sparse_mmap_area area;
	} answer = {
		.info = { .argsz = sizeof(answer),
			  .flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE |
				   VFIO_REGION_INFO_FLAG_MMAP | VFIO_REGION_INFO_FLAG_CAPS,
			  .index = VFIO_PCI_BAR0_REGION_INDEX,
			  .cap_offset = sizeof(answer.info),
			  .size = GLACIS_CARD_BAR0_SIZE },
		.header = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 },
		.nr_areas = 1,
		.area = { .offset = GLACIS_CARD_DOORBELLS,
			  .size = (uint64_t)vcard_card_queue_count(session->card) * GLACIS_CARD_PAGE },
	};

	if (room >= sizeof(answer))
		return vcard_channel_reply(&session->channel, &answer, sizeof(answer), session->card->doorbell_fd);
	/* QEMU takes the flag without an offset for an error. */
	answer.info.flags &= ~VFIO_REGION_INFO_FLAG_CAPS;
	answer.info.cap_offset = 0;
	return vcard_channel_reply(&session->channel, &answer.info, sizeof(answer.info), -1);
}

int vcard_session_region_info(struct vcard_session *session)
{
	const struct vfio_region_info *asked = (const void *)session->channel.body;
	struct vfio_region_info info = { .argsz = sizeof(info), .index = asked->index };

	if (asked->index >= VFIO_PCI_NUM_REGIONS || asked->argsz < sizeof(info))
		return -EINVAL;
	if (asked->index == VFIO_PCI_BAR0_REGION_INDEX)
		return bar0_info(session, asked->argsz);
	if (asked->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info.flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
		info.size = VCARD_PCI_CONFIG_SIZE;
	}
	return vcard_channel_reply(&session->channel, &info, sizeof(info), -1);
}

int vcard_session_irq_info(struct vcard_session *session)
{
	const struct vfio_irq_info *asked = (const void *)session->channel.body;
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = asked->index };

	if (asked->index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	if (asked->index == VFIO_PCI_MSIX_IRQ_INDEX) {
		info.flags = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE;
		info.count = vcard_card_queue_count(session->card);
	}
	return vcard_channel_reply(&session->channel, &info, sizeof(info), -1);
}
