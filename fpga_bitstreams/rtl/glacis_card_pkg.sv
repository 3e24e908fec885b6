// SPDX-License-Identifier: Apache-2.0
// Made by fpga_bitstreams/abi.py from fpga_bitstreams/registers.toml: change that. Reference: docs/card-abi.md.
package glacis_card_pkg;
  localparam logic [15:0] ABI_MAJOR = 16'd1;
  localparam logic [15:0] ABI_MINOR = 16'd1;
  localparam logic [31:0] MAGIC = 32'h43414c47;
  localparam int QUEUES_MAX = 65; // Queue pairs a card can have: the admin queue, number 0, and 64 for operations.
  localparam int SEGMENTS_MAX = 16; // Entries of a segment list.
  localparam int AAD_INLINE_MAX = 32; // Bytes of additional data in the descriptor; longer data is fetched from memory.
  localparam int AAD_MAX = 64; // Bytes of additional data.
  localparam int TEXT_MAX = 65536; // Bytes of text of one AEAD operation.
  localparam int RSA_BYTES_MAX = 512; // Bytes of an RSA modulus.
  localparam int RING_LOG2_MIN = 1; // Smallest ring: two entries.
  localparam int RING_LOG2_MAX = 15; // Largest ring any card takes; IDENTITY.LIMITS has this card's.
  localparam int MSIX_TABLE = 16384; // Offset in BAR0 of the MSI-X table, one vector per queue pair.
  localparam int MSIX_PBA = 24576; // Offset in BAR0 of the MSI-X pending bits.
  localparam int DOORBELLS = 524288; // Offset in BAR0 of the doorbell page of queue 0.
  localparam int QUEUES = 1048576; // Offset in BAR0 of the configuration page of queue 0.
  localparam int PAGE = 4096; // From one queue's page to the next.
  localparam int FLASH_UNLOCK_KEY = 1465010516; // What FLASH.UNLOCK wants.
  localparam int FLASH_BUFFER_SIZE = 256; // Bytes of FLASH.BUFFER, and of what PROGRAM and READ handle at a time.
  localparam int BAR0_SIZE = 2097152; // Size of BAR0.

  // IDENTITY: Who the card is and what it can do. Never changes between resets.
  localparam logic [31:0] IDENTITY_BLOCK = 32'h00000000;
  localparam logic [11:0] IDENTITY_MAGIC = 12'h000; // 32 bits, ro
  localparam logic [11:0] IDENTITY_ABI = 12'h004; // 32 bits, ro
  localparam int IDENTITY_ABI_MINOR_LSB = 0;
  localparam int IDENTITY_ABI_MINOR_BITS = 16;
  localparam int IDENTITY_ABI_MAJOR_LSB = 16;
  localparam int IDENTITY_ABI_MAJOR_BITS = 16;
  localparam logic [11:0] IDENTITY_BUILD_ID = 12'h008; // 64 bits, ro
  localparam logic [11:0] IDENTITY_GIT_HASH = 12'h010; // 32 bits, ro
  localparam logic [11:0] IDENTITY_BUILD_DATE = 12'h024; // 32 bits, ro
  localparam logic [11:0] IDENTITY_BOARD = 12'h028; // 32 bits, ro
  localparam logic [11:0] IDENTITY_CAPABILITIES = 12'h02c; // 32 bits, ro
  localparam int IDENTITY_CAPABILITIES_AES_GCM_LSB = 0;
  localparam int IDENTITY_CAPABILITIES_AES_GCM_BITS = 1;
  localparam int IDENTITY_CAPABILITIES_RSA_LSB = 1;
  localparam int IDENTITY_CAPABILITIES_RSA_BITS = 1;
  localparam int IDENTITY_CAPABILITIES_MSIX_LSB = 2;
  localparam int IDENTITY_CAPABILITIES_MSIX_BITS = 1;
  localparam int IDENTITY_CAPABILITIES_FLASH_LSB = 3;
  localparam int IDENTITY_CAPABILITIES_FLASH_BITS = 1;
  localparam int IDENTITY_CAPABILITIES_SELFTEST_LSB = 4;
  localparam int IDENTITY_CAPABILITIES_SELFTEST_BITS = 1;
  localparam logic [11:0] IDENTITY_LIMITS = 12'h030; // 32 bits, ro
  localparam int IDENTITY_LIMITS_QUEUES_LSB = 0;
  localparam int IDENTITY_LIMITS_QUEUES_BITS = 8;
  localparam int IDENTITY_LIMITS_RING_LOG2_LSB = 8;
  localparam int IDENTITY_LIMITS_RING_LOG2_BITS = 8;
  localparam int IDENTITY_LIMITS_SEGMENTS_LSB = 16;
  localparam int IDENTITY_LIMITS_SEGMENTS_BITS = 8;
  localparam logic [11:0] IDENTITY_KEY_SLOTS = 12'h034; // 32 bits, ro
  localparam logic [11:0] IDENTITY_RSA_BITS = 12'h038; // 32 bits, ro
  localparam int IDENTITY_RSA_BITS_MIN_LSB = 0;
  localparam int IDENTITY_RSA_BITS_MIN_BITS = 16;
  localparam int IDENTITY_RSA_BITS_MAX_LSB = 16;
  localparam int IDENTITY_RSA_BITS_MAX_BITS = 16;
  localparam logic [11:0] IDENTITY_CLOCK_KHZ = 12'h03c; // 32 bits, ro
  localparam logic [11:0] IDENTITY_SCRATCH = 12'h040; // 32 bits, rw

  // CONTROL: The function as a whole.
  localparam logic [31:0] CONTROL_BLOCK = 32'h00001000;
  localparam logic [11:0] CONTROL_CONTROL = 12'h000; // 32 bits, rw
  localparam int CONTROL_CONTROL_ENABLE_LSB = 0;
  localparam int CONTROL_CONTROL_ENABLE_BITS = 1;
  localparam int CONTROL_CONTROL_RESET_LSB = 1;
  localparam int CONTROL_CONTROL_RESET_BITS = 1;
  localparam logic [11:0] CONTROL_STATUS = 12'h004; // 32 bits, ro
  localparam int CONTROL_STATUS_READY_LSB = 0;
  localparam int CONTROL_STATUS_READY_BITS = 1;
  localparam int CONTROL_STATUS_RESETTING_LSB = 1;
  localparam int CONTROL_STATUS_RESETTING_BITS = 1;
  localparam int CONTROL_STATUS_FATAL_LSB = 2;
  localparam int CONTROL_STATUS_FATAL_BITS = 1;
  localparam logic [11:0] CONTROL_ERRORS = 12'h008; // 32 bits, w1c
  localparam int CONTROL_ERRORS_DMA_READ_LSB = 0;
  localparam int CONTROL_ERRORS_DMA_READ_BITS = 1;
  localparam int CONTROL_ERRORS_DMA_WRITE_LSB = 1;
  localparam int CONTROL_ERRORS_DMA_WRITE_BITS = 1;
  localparam int CONTROL_ERRORS_QUEUE_LSB = 2;
  localparam int CONTROL_ERRORS_QUEUE_BITS = 1;
  localparam int CONTROL_ERRORS_INTERNAL_LSB = 3;
  localparam int CONTROL_ERRORS_INTERNAL_BITS = 1;
  localparam logic [11:0] CONTROL_ERROR_QUEUE = 12'h00c; // 32 bits, ro
  localparam logic [11:0] CONTROL_ERROR_ADDRESS = 12'h010; // 64 bits, ro
  localparam logic [11:0] CONTROL_CYCLES = 12'h018; // 64 bits, ro
  localparam logic [11:0] CONTROL_TEMPERATURE = 12'h020; // 32 bits, ro
  localparam logic [11:0] CONTROL_SELFTEST = 12'h024; // 32 bits, rw
  localparam int CONTROL_SELFTEST_START_LSB = 0;
  localparam int CONTROL_SELFTEST_START_BITS = 1;
  localparam int CONTROL_SELFTEST_PASSED_LSB = 1;
  localparam int CONTROL_SELFTEST_PASSED_BITS = 1;
  localparam int CONTROL_SELFTEST_FAILED_LSB = 2;
  localparam int CONTROL_SELFTEST_FAILED_BITS = 1;

  // COUNTERS: Sums over all queues since the last reset of the function.
  localparam logic [31:0] COUNTERS_BLOCK = 32'h00002000;
  localparam logic [11:0] COUNTERS_COMMANDS = 12'h000; // 64 bits, ro
  localparam logic [11:0] COUNTERS_COMPLETIONS = 12'h008; // 64 bits, ro
  localparam logic [11:0] COUNTERS_AEAD_OPERATIONS = 12'h010; // 64 bits, ro
  localparam logic [11:0] COUNTERS_AEAD_BYTES = 12'h018; // 64 bits, ro
  localparam logic [11:0] COUNTERS_AUTH_FAILED = 12'h020; // 64 bits, ro
  localparam logic [11:0] COUNTERS_RSA_OPERATIONS = 12'h028; // 64 bits, ro
  localparam logic [11:0] COUNTERS_ERRORS = 12'h030; // 64 bits, ro
  localparam logic [11:0] COUNTERS_DMA_READ_BYTES = 12'h038; // 64 bits, ro
  localparam logic [11:0] COUNTERS_DMA_WRITE_BYTES = 12'h040; // 64 bits, ro

  // FLASH: Where the card's images lie, with CAPABILITIES.FLASH; else all of it reads as zero. Segment 0, the golden image, is never written from here. Segment 1, the user's, has a boot record: without one it is not booted. A record is made by SEAL, after which the image may be tried once with REBOOT_USER; CONFIRM makes it the one that is booted at power-on. A trial that is not confirmed in time, or ends with power lost, is followed by the golden image. So is a user image that does not have the record's CRC.
  localparam logic [31:0] FLASH_BLOCK = 32'h00003000;
  localparam logic [11:0] FLASH_GEOMETRY = 12'h000; // 32 bits, ro
  localparam int FLASH_GEOMETRY_SECTOR_LOG2_LSB = 0;
  localparam int FLASH_GEOMETRY_SECTOR_LOG2_BITS = 8;
  localparam int FLASH_GEOMETRY_SEGMENTS_LSB = 8;
  localparam int FLASH_GEOMETRY_SEGMENTS_BITS = 8;
  localparam int FLASH_GEOMETRY_TRIAL_S_LSB = 16;
  localparam int FLASH_GEOMETRY_TRIAL_S_BITS = 16;
  localparam logic [11:0] FLASH_SEGMENT_SIZE = 12'h004; // 32 bits, ro
  localparam logic [11:0] FLASH_IDCODE = 12'h008; // 32 bits, ro
  localparam logic [11:0] FLASH_STATUS = 12'h00c; // 32 bits, ro
  localparam int FLASH_STATUS_BUSY_LSB = 0;
  localparam int FLASH_STATUS_BUSY_BITS = 1;
  localparam int FLASH_STATUS_UNLOCKED_LSB = 1;
  localparam int FLASH_STATUS_UNLOCKED_BITS = 1;
  localparam int FLASH_STATUS_RECORD_LSB = 2;
  localparam int FLASH_STATUS_RECORD_BITS = 1;
  localparam int FLASH_STATUS_CONFIRMED_LSB = 3;
  localparam int FLASH_STATUS_CONFIRMED_BITS = 1;
  localparam int FLASH_STATUS_ERROR_LSB = 8;
  localparam int FLASH_STATUS_ERROR_BITS = 8;
  localparam logic [11:0] FLASH_BOOT = 12'h010; // 32 bits, ro
  localparam int FLASH_BOOT_SEGMENT_LSB = 0;
  localparam int FLASH_BOOT_SEGMENT_BITS = 8;
  localparam int FLASH_BOOT_REASON_LSB = 8;
  localparam int FLASH_BOOT_REASON_BITS = 8;
  localparam logic [11:0] FLASH_UNLOCK = 12'h014; // 32 bits, rw
  localparam logic [11:0] FLASH_SEGMENT = 12'h018; // 32 bits, rw
  localparam logic [11:0] FLASH_ADDRESS = 12'h01c; // 32 bits, rw
  localparam logic [11:0] FLASH_IMAGE_SIZE = 12'h020; // 32 bits, rw
  localparam logic [11:0] FLASH_IMAGE_CRC = 12'h024; // 32 bits, rw
  localparam logic [11:0] FLASH_COMMAND = 12'h028; // 32 bits, rw
  localparam logic [11:0] FLASH_BUFFER = 12'h100; // 32 bits, rw

  // DOORBELL: One page for each queue pair, so that each can be mapped into a process of its own. Indices are below the ring's size.
  localparam logic [31:0] DOORBELL_BLOCK = 32'h00080000;
  localparam logic [11:0] DOORBELL_SQ_TAIL = 12'h000; // 32 bits, rw
  localparam logic [11:0] DOORBELL_CQ_HEAD = 12'h040; // 32 bits, rw

  // QUEUE: One page for each queue pair: set-up, state, counters. Addresses and sizes may be written while the state is DISABLED.
  localparam logic [31:0] QUEUE_BLOCK = 32'h00100000;
  localparam logic [11:0] QUEUE_SQ_BASE = 12'h000; // 64 bits, rw
  localparam logic [11:0] QUEUE_CQ_BASE = 12'h008; // 64 bits, rw
  localparam logic [11:0] QUEUE_SIZE = 12'h010; // 32 bits, rw
  localparam int QUEUE_SIZE_SQ_LOG2_LSB = 0;
  localparam int QUEUE_SIZE_SQ_LOG2_BITS = 8;
  localparam int QUEUE_SIZE_CQ_LOG2_LSB = 8;
  localparam int QUEUE_SIZE_CQ_LOG2_BITS = 8;
  localparam logic [11:0] QUEUE_CONTROL = 12'h014; // 32 bits, rw
  localparam int QUEUE_CONTROL_ENABLE_LSB = 0;
  localparam int QUEUE_CONTROL_ENABLE_BITS = 1;
  localparam int QUEUE_CONTROL_RESET_LSB = 1;
  localparam int QUEUE_CONTROL_RESET_BITS = 1;
  localparam int QUEUE_CONTROL_IRQ_LSB = 2;
  localparam int QUEUE_CONTROL_IRQ_BITS = 1;
  localparam logic [11:0] QUEUE_STATUS = 12'h018; // 32 bits, ro
  localparam int QUEUE_STATUS_STATE_LSB = 0;
  localparam int QUEUE_STATUS_STATE_BITS = 4;
  localparam int QUEUE_STATUS_ERROR_LSB = 8;
  localparam int QUEUE_STATUS_ERROR_BITS = 8;
  localparam logic [11:0] QUEUE_SQ_HEAD = 12'h01c; // 32 bits, ro
  localparam logic [11:0] QUEUE_CQ_TAIL = 12'h020; // 32 bits, ro
  localparam logic [11:0] QUEUE_COMMANDS = 12'h040; // 64 bits, ro
  localparam logic [11:0] QUEUE_COMPLETIONS = 12'h048; // 64 bits, ro
  localparam logic [11:0] QUEUE_BYTES = 12'h050; // 64 bits, ro
  localparam logic [11:0] QUEUE_ERRORS = 12'h058; // 64 bits, ro

  // First byte of a descriptor. Those below 0x40 are for queues of operations, the others for the admin queue.
  localparam logic [7:0] OPCODE_NOP = 8'h00; // Completes. Only opcode and cookie are looked at.
  localparam logic [7:0] OPCODE_SEAL = 8'h01; // AES-GCM encryption; layout AEAD.
  localparam logic [7:0] OPCODE_OPEN = 8'h02; // AES-GCM decryption; layout AEAD.
  localparam logic [7:0] OPCODE_RSA_PRIVATE = 8'h10; // base^d mod n with the key of a slot; layout RSA.
  localparam logic [7:0] OPCODE_RSA_PUBLIC = 8'h11; // base^e mod n with the key of a slot; layout RSA.
  localparam logic [7:0] OPCODE_KEY_LOAD = 8'h40; // Fills a key slot; layout KEY.
  localparam logic [7:0] OPCODE_KEY_ZEROISE = 8'h41; // Empties a key slot, which may be empty; layout KEY with zeros for the rest.

  // How a command ended.
  localparam logic [7:0] STATUS_OK = 8'h00; // Done.
  localparam logic [7:0] STATUS_AUTH_FAILED = 8'h01; // The tag does not match; zeros were written in place of the text.
  localparam logic [7:0] STATUS_BAD_OPCODE = 8'h02; // Unknown, or not for this queue.
  localparam logic [7:0] STATUS_BAD_FIELD = 8'h03; // A length, count or reserved field is out of its bounds.
  localparam logic [7:0] STATUS_UNSUPPORTED = 8'h04; // This image cannot do it: see CAPABILITIES.
  localparam logic [7:0] STATUS_DMA_READ = 8'h05; // Host memory could not be read. Nothing was written.
  localparam logic [7:0] STATUS_DMA_WRITE = 8'h06; // Host memory could not be written. Part of the output may be there.
  localparam logic [7:0] STATUS_KEY_EMPTY = 8'h07; // The key slot holds no such key.
  localparam logic [7:0] STATUS_KEY_BAD = 8'h08; // The key's numbers are out of bounds: an even modulus or e, zero, or an exponent or qinv not below its modulus. That they belong together is not checked.
  localparam logic [7:0] STATUS_VALUE_RANGE = 8'h09; // RSA: the input is not below the modulus.
  localparam logic [7:0] STATUS_INTERNAL = 8'h0a; // A check inside the card failed.
  localparam logic [7:0] STATUS_BAD_RING = 8'h0b; // Only as STATUS.ERROR of a queue: address, size or doorbell out of bounds.

  // State of a queue pair.
  localparam logic [7:0] STATE_DISABLED = 8'h00; // No DMA. Addresses and sizes may be written.
  localparam logic [7:0] STATE_ENABLED = 8'h01; // Runs when CONTROL.ENABLE of the function is set.
  localparam logic [7:0] STATE_RESETTING = 8'h02; // Waits for its DMA to end.
  localparam logic [7:0] STATE_ERROR = 8'h03; // Stands still; RESET leads out.

  // What is loaded into a key slot. Numbers are big-endian (RFC 8017, I2OSP), each as long as said, one behind the other.
  localparam logic [7:0] KEY_KIND_RSA_PUBLIC = 8'h01; // n (modulus_size), e (exponent_size).
  localparam logic [7:0] KEY_KIND_RSA_EXPONENT = 8'h02; // n, e, d (modulus_size).
  localparam logic [7:0] KEY_KIND_RSA_CRT = 8'h03; // n, e, p, q, dp, dq, qinv (half of modulus_size each).

  // Those from ERASE on need UNLOCK.
  localparam logic [7:0] FLASH_COMMAND_READ = 8'h01; // From SEGMENT and ADDRESS into BUFFER.
  localparam logic [7:0] FLASH_COMMAND_ERASE = 8'h02; // The sector of the user segment that ADDRESS lies in: all ones.
  localparam logic [7:0] FLASH_COMMAND_PROGRAM = 8'h03; // BUFFER to the user segment at ADDRESS, a multiple of its size. Changes ones to zeros only.
  localparam logic [7:0] FLASH_COMMAND_SEAL = 8'h04; // Writes a boot record, if the user segment has the CRC that IMAGE_CRC says.
  localparam logic [7:0] FLASH_COMMAND_REVOKE = 8'h05; // Removes the boot record. What runs goes on.
  localparam logic [7:0] FLASH_COMMAND_CONFIRM = 8'h06; // The user image, which must be running, is good.
  localparam logic [7:0] FLASH_COMMAND_REBOOT_USER = 8'h07; // Loads the user segment, once if it is not confirmed. The function goes away and comes back as after a reset.
  localparam logic [7:0] FLASH_COMMAND_REBOOT_GOLDEN = 8'h08; // Loads the golden image likewise.

  // How a flash command ended.
  localparam logic [7:0] FLASH_ERROR_NONE = 8'h00; // Well.
  localparam logic [7:0] FLASH_ERROR_LOCKED = 8'h01; // UNLOCK does not have the key.
  localparam logic [7:0] FLASH_ERROR_PROTECTED = 8'h02; // The golden segment, or a user segment with a boot record.
  localparam logic [7:0] FLASH_ERROR_BAD_ADDRESS = 8'h03; // Outside of the segment, or not aligned; for SEAL the size.
  localparam logic [7:0] FLASH_ERROR_BAD_COMMAND = 8'h04; // Unknown.
  localparam logic [7:0] FLASH_ERROR_NOT_ERASED = 8'h05; // PROGRAM of what is not all ones.
  localparam logic [7:0] FLASH_ERROR_BAD_CRC = 8'h06; // SEAL: the segment holds something else.
  localparam logic [7:0] FLASH_ERROR_NOT_RUNNING = 8'h07; // CONFIRM: the golden image runs. REBOOT_USER: there is no image that may be booted.
  localparam logic [7:0] FLASH_ERROR_BUSY = 8'h08; // CONTROL.ENABLE is set: a running card is not changed.
  localparam logic [7:0] FLASH_ERROR_FAILED = 8'h09; // The flash did not do it.

  // Why the image that runs was chosen.
  localparam logic [7:0] BOOT_REASON_CONFIRMED = 8'h00; // The user's, which was found good.
  localparam logic [7:0] BOOT_REASON_TRIAL = 8'h01; // The user's, after REBOOT_USER, to be confirmed.
  localparam logic [7:0] BOOT_REASON_ASKED = 8'h02; // The golden one, after REBOOT_GOLDEN.
  localparam logic [7:0] BOOT_REASON_NO_RECORD = 8'h03; // The golden one: the user segment has no boot record.
  localparam logic [7:0] BOOT_REASON_DAMAGED = 8'h04; // The golden one: the user segment does not have the record's CRC, or holds no image for this card.
  localparam logic [7:0] BOOT_REASON_NOT_CONFIRMED = 8'h05; // The golden one: a trial ended without CONFIRM, or none was begun yet.

  // Kind of board.
  localparam logic [7:0] BOARD_NONE = 8'h00; // Unknown.
  localparam logic [7:0] BOARD_MODEL = 8'h01; // glacis-vcard, C model.
  localparam logic [7:0] BOARD_SIMULATION = 8'h02; // glacis-vcard, verilated RTL.
  localparam logic [7:0] BOARD_ECP5_SELFTEST = 8'h03; // ECP5 without a host interface.

  // Descriptor of SEAL and OPEN. The card keeps no key: each descriptor has it. Source and destination may be the same memory, and otherwise must not overlap. With a count of 0 or 1 the address is that of `text_size` bytes; else it is that of a list of so many SEGMENT entries whose sizes add up to `text_size`.
  typedef struct packed {
    logic [63:0] aad_address; // Host address of additional data longer than AAD_INLINE_MAX; else zero.
    logic [63:0] tag; // Host address of 16 bytes: written by SEAL, read by OPEN.
    logic [63:0] destination; // Host address of text or list.
    logic [63:0] source; // Host address of text or list.
    logic [255:0] aad; // Additional data, when aad_size is at most AAD_INLINE_MAX.
    logic [31:0] reserved2; // Zero.
    logic [95:0] nonce; // 96 bits.
    logic [255:0] key; // The first key_size bytes.
    logic [23:0] reserved; // Zero.
    logic [7:0] destination_count; // 0 to SEGMENTS_MAX.
    logic [31:0] text_size; // 0 to TEXT_MAX.
    logic [31:0] cookie; // Comes back in the completion.
    logic [7:0] source_count; // 0 to SEGMENTS_MAX.
    logic [7:0] aad_size; // 0 to AAD_MAX.
    logic [7:0] key_size; // 16, 24 or 32.
    logic [7:0] opcode; // SEAL or OPEN.
  } aead_t;
  localparam int AEAD_BYTES = 128;

  // Descriptor of RSA_PRIVATE and RSA_PUBLIC. Numbers are big-endian, as long as the modulus.
  typedef struct packed {
    logic [767:0] reserved3; // Zero.
    logic [63:0] result; // Host address of the output.
    logic [63:0] base; // Host address of the input, a number below the modulus.
    logic [31:0] reserved2; // Zero.
    logic [31:0] modulus_size; // Bytes: must be that of the slot's key.
    logic [31:0] cookie; // Comes back in the completion.
    logic [15:0] slot; // Key slot.
    logic [7:0] reserved; // Zero.
    logic [7:0] opcode; // RSA_PRIVATE or RSA_PUBLIC.
  } rsa_t;
  localparam int RSA_BYTES = 128;

  // Descriptor of KEY_LOAD and KEY_ZEROISE, admin queue only. What is loaded cannot be read back.
  typedef struct packed {
    logic [831:0] reserved; // Zero.
    logic [63:0] key; // Host address of the numbers; see KEY_KIND.
    logic [31:0] exponent_size; // Bytes of e, 1 to modulus_size.
    logic [31:0] modulus_size; // Bytes of n: even, IDENTITY.RSA_BITS / 8. The first byte of n is not zero.
    logic [31:0] cookie; // Comes back in the completion.
    logic [15:0] slot; // Key slot.
    logic [7:0] kind; // Enumeration KEY_KIND; zero for KEY_ZEROISE.
    logic [7:0] opcode; // KEY_LOAD or KEY_ZEROISE.
  } key_t;
  localparam int KEY_BYTES = 128;

  // Entry of a segment list.
  typedef struct packed {
    logic [31:0] reserved; // Zero.
    logic [31:0] size; // Bytes, at least 1.
    logic [63:0] address; // Host address.
  } segment_t;
  localparam int SEGMENT_BYTES = 16;

  // Entry of a completion ring, written in one piece. It is new when its phase is that of software: 1 in the first pass over the ring, then changing with each.
  typedef struct packed {
    logic [15:0] phase; // 0 or 1.
    logic [15:0] status; // Enumeration STATUS.
    logic [15:0] queue; // Number of the queue.
    logic [15:0] sq_head; // Index of the next descriptor to be fetched: entries before it may be used again.
    logic [31:0] size; // Bytes of text or number that were written; 0 unless the status is OK.
    logic [31:0] cookie; // Of the descriptor.
  } completion_t;
  localparam int COMPLETION_BYTES = 16;
endpackage
