// ARM PrimeCell UART (PL011), by its Technical Reference Manual, "Programmers Model": FIFOs, both
// receive interrupts, loopback. Transmission takes no time; the receive timeout expires at once.
// Left out: the baud rate has no effect, no framing/parity errors or break arise, no DMA
// controller is connected (DMACR only keeps its value), IrDA.
#include "devices/pl011.h"
#include "machine/machine.h"

#include <stdlib.h>

enum {
    DR = 0x00,
    RSR = 0x04,
    FR = 0x18,
    ILPR = 0x20,
    IBRD = 0x24,
    FBRD = 0x28,
    LCR_H = 0x2c,
    CR = 0x30,
    IFLS = 0x34,
    IMSC = 0x38,
    RIS = 0x3c,
    MIS = 0x40,
    ICR = 0x44,
    DMACR = 0x48,
    ID_FIRST = 0xfe0,
};
enum {
    FR_CTS = 1,
    FR_DSR = 2,
    FR_DCD = 4,
    FR_RXFE = 0x10,
    FR_RXFF = 0x40,
    FR_TXFE = 0x80,
    FR_RI = 0x100
};
enum {
    INT_RI = 1,
    INT_CTS = 2,
    INT_DCD = 4,
    INT_DSR = 8,
    INT_RX = 0x10,
    INT_TX = 0x20,
    INT_RT = 0x40,
    INT_OE = 0x400,
    INT_ALL = 0x7ff
};
enum { CR_LBE = 0x80, CR_DTR = 0x400, CR_RTS = 0x800, CR_OUT1 = 0x1000, CR_OUT2 = 0x2000 };
enum { LCR_FEN = 0x10, FIFO = 16 };

struct Pl011 {
    Machine *machine;
    Region region;
    IrqLine irq;
    Serial *serial;
    void (*output)(void *arg, const void *data, size_t n);  // pl011_on_output()
    void *output_arg;
    u16 rx[FIFO];  // data and error bits
    unsigned rx_first, rx_n;
    bool overrun;
    u32 rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
};

static const u8 id_bytes[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};

static void update_irq(Pl011 *u) {
    irq_set(&u->irq, (u->ris & u->imsc) != 0);
}

static unsigned fifo_depth(const Pl011 *u) {
    return u->lcr_h & LCR_FEN ? FIFO : 1;
}

// Number of entries at which the receive interrupt is raised (IFLS.RXIFLSEL).
static unsigned rx_trigger(const Pl011 *u) {
    static const u8 level[8] = {2, 4, 8, 12, 14, 8, 8, 8};
    return u->lcr_h & LCR_FEN ? level[bits(u->ifls, 5, 3)] : 1;
}

// The levels of both receive interrupts that follow from the FIFO's fill after a byte came in.
static void rx_arrived(Pl011 *u) {
    u->ris |= u->rx_n >= rx_trigger(u) ? INT_RX : INT_RT;
}

static void rx_push(Pl011 *u, u16 value) {
    if (u->rx_n >= fifo_depth(u)) {
        u->overrun = true;
        u->rsr |= 8;
        u->ris |= INT_OE;
        return;
    }
    u->rx[(u->rx_first + u->rx_n++) % FIFO] = value;
    rx_arrived(u);
}

void pl011_receive(Pl011 *u) {
    if (!u->serial || !serial_has_input(u->serial) || u->cr & CR_LBE) return;
    while (u->rx_n < fifo_depth(u) && serial_has_input(u->serial))
        rx_push(u, (u16)serial_getc(u->serial));
    update_irq(u);
}

bool pl011_input_interrupts(const Pl011 *u) {
    return u->imsc & (INT_RX | INT_RT) && u->serial && !serial_at_end(u->serial);
}

static u32 read_data(Pl011 *u) {
    if (!u->rx_n) return 0;
    u32 value = u->rx[u->rx_first];
    u->rx_first = (u->rx_first + 1) % FIFO;
    u->rx_n--;
    if (u->overrun) value |= 0x800;
    u->overrun = false;
    u->rsr = value >> 8 & 0xf;
    if (u->rx_n < rx_trigger(u)) u->ris &= ~(u32)INT_RX;
    if (!u->rx_n)
        u->ris &= ~(u32)INT_RT;
    else if (!(u->ris & INT_RX))
        u->ris |= INT_RT;
    pl011_receive(u);
    update_irq(u);
    return value;
}

static void write_data(Pl011 *u, u8 byte) {
    if (u->cr & CR_LBE) {
        rx_push(u, byte);
    } else {
        if (u->serial) serial_write(u->serial, &byte, 1);
        if (u->output) u->output(u->output_arg, &byte, 1);
    }
    // The FIFO drains at once, so each write passes the trigger level again.
    u->ris |= INT_TX;
    update_irq(u);
}

static u32 read_flags(const Pl011 *u) {
    u32 fr = FR_TXFE;
    if (!u->rx_n) fr |= FR_RXFE;
    if (u->rx_n >= fifo_depth(u)) fr |= FR_RXFF;
    if (u->cr & CR_LBE) {
        if (u->cr & CR_RTS) fr |= FR_CTS;
        if (u->cr & CR_DTR) fr |= FR_DSR;
        if (u->cr & CR_OUT1) fr |= FR_DCD;
        if (u->cr & CR_OUT2) fr |= FR_RI;
    }
    return fr;
}

static bool read_reg(void *dev, u64 offset, unsigned size, u64 *value, Cpu *by) {
    Pl011 *u = dev;
    (void)by;
    (void)size;
    switch (offset & ~3ull) {
    case DR: *value = read_data(u); break;
    case RSR: *value = u->rsr; break;
    case FR: *value = read_flags(u); break;
    case ILPR: *value = u->ilpr; break;
    case IBRD: *value = u->ibrd; break;
    case FBRD: *value = u->fbrd; break;
    case LCR_H: *value = u->lcr_h; break;
    case CR: *value = u->cr; break;
    case IFLS: *value = u->ifls; break;
    case IMSC: *value = u->imsc; break;
    case RIS: *value = u->ris; break;
    case MIS: *value = u->ris & u->imsc; break;
    case ICR: *value = 0; break;  // write-only
    case DMACR: *value = u->dmacr; break;
    default:
        if (offset >= ID_FIRST)
            *value = id_bytes[(offset - ID_FIRST) >> 2];
        else
            bus_warn(u->machine, "pl011: read of reserved register 0x%03llx",
                     (unsigned long long)offset);
    }
    *value >>= 8 * (offset & 3);
    return true;
}

static void write_lcr_h(Pl011 *u, u32 value) {
    if ((value ^ u->lcr_h) & LCR_FEN) u->rx_n = u->rx_first = 0;  // FEN changes: FIFOs are flushed
    if (value & 1) bus_warn(u->machine, "pl011: sending a break is not modelled");
    u->lcr_h = value & 0xff;
}

static bool write_reg(void *dev, u64 offset, unsigned size, u64 value, Cpu *by) {
    Pl011 *u = dev;
    (void)by;
    (void)size;
    u32 v = (u32)value;
    switch (offset) {
    case DR: write_data(u, (u8)v); break;
    case RSR:
        u->rsr = 0;
        u->overrun = false;
        break;
    case FR: break;  // read-only
    case ILPR: u->ilpr = v & 0xff; break;
    case IBRD: u->ibrd = v & 0xffff; break;
    case FBRD: u->fbrd = v & 0x3f; break;
    case LCR_H: write_lcr_h(u, v); break;
    case CR: u->cr = v & 0xff87; break;
    case IFLS: u->ifls = v & 0x3f; break;
    case IMSC: u->imsc = v & INT_ALL; break;
    case RIS:
    case MIS: break;  // read-only
    case ICR: u->ris &= ~v; break;
    case DMACR:
        if (v & 3) bus_warn(u->machine, "pl011: DMA is not modelled (no DMA controller)");
        u->dmacr = v & 7;
        break;
    default:
        bus_warn(u->machine, "pl011: write to reserved register 0x%03llx",
                 (unsigned long long)offset);
    }
    pl011_receive(u);
    update_irq(u);
    return true;
}

static const RegionOps ops = {read_reg, write_reg};

Pl011 *pl011_create(Machine *machine, u64 base, IrqLine irq, Error *err) {
    Pl011 *u = calloc(1, sizeof *u);
    CHECK(u);
    u->machine = machine;
    u->irq = irq;
    u->region = (Region){.name = "pl011", .base = base, .size = 0x1000, .ops = &ops, .dev = u};
    pl011_reset(u);
    if (bus_add(machine, &u->region, err)) return u;
    free(u);
    return NULL;
}

void pl011_free(Pl011 *u) {
    free(u);
}

void pl011_reset(Pl011 *u) {
    u->rx_first = u->rx_n = 0;
    u->overrun = false;
    u->rsr = u->ilpr = u->ibrd = u->fbrd = u->lcr_h = u->imsc = u->ris = u->dmacr = 0;
    u->cr = 0x300;
    u->ifls = 0x12;
    update_irq(u);
}

void pl011_on_output(Pl011 *u, void (*wrote)(void *arg, const void *data, size_t n), void *arg) {
    u->output = wrote;
    u->output_arg = arg;
}

void pl011_connect(Pl011 *u, Serial *serial) {
    u->serial = serial;
}
