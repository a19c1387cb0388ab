package rtpfwd

import "time"

const (
	// probeReach is how many of the latest packets serve as probes.
	probeReach = 64
	// probeTries bounds the search for one that fits.
	probeTries = 8
	// maxPadding is the most padding that its count can tell (RFC 3550 section 5.1).
	maxPadding = 255
)

// Probe writes one packet that only serves to find out what the path carries to dst,
// of at most the given bytes, and returns its size. It is one of the latest packets
// again, on the repair stream (RFC 4588), which may even repair a loss; else, also
// before any media, padding on that stream. Media numbers are not touched, nor is
// what Feedback may grant. 0 if there is no repair stream, its payload type is not
// known, or there is no room. The caller calls again until it has sent enough.
func (o *Outbound) Probe(now time.Duration, bytes int, dst []byte) (n int) {
	payloadType := o.probePayloadType()
	if o.rtxSSRC == 0 || payloadType == 0 {
		return 0
	}
	dst = dst[:max(min(bytes, len(dst)), 0)]
	if n = o.probeRepair(now, dst); n == 0 {
		n = o.probePadding(now, payloadType, dst)
	}
	if n > 0 {
		o.stats.Probes++
		o.stats.ProbeBytes += uint64(n)
	}
	return n
}

// probePayloadType is the payload type of padding: that of the source, and before
// the first one that of the Slot.
func (o *Outbound) probePayloadType() uint8 {
	if o.epoch == 0 {
		return o.rtxPayloadType
	}
	return o.sources[o.epoch%rememberedSources].rtxPayloadType
}

// probeRepair writes one of the latest packets that fits. Calls in a row take them
// from the newest one back, and then anew.
func (o *Outbound) probeRepair(now time.Duration, dst []byte) int {
	if !o.timeline.started {
		return 0
	}
	for range probeTries {
		if o.probeNext <= max(o.highest-probeReach, o.lowest) || o.probeNext > o.highest {
			o.probeNext = o.highest
		}
		e, p := o.find(o.probeNext)
		o.probeNext--
		if p == nil || e.has(wasFiller) {
			continue
		}
		source := o.sourceOf(e)
		block := o.layout(p, source, false, e.cut)
		if source.rtxPayloadType != 0 && block.fits(e.payloadSize(p, source), dst) {
			return o.writeRepair(now, dst, e, p, source, block)
		}
	}
	return 0
}

// probePadding writes a packet of the repair stream that is all padding. It has no
// original sequence number, as there is no original.
func (o *Outbound) probePadding(now time.Duration, payloadType uint8, dst []byte) int {
	block := o.layout(nil, nil, true, 0)
	padding := min(len(dst)-headerSize-block.bytes(), maxPadding)
	if padding <= 0 {
		return 0
	}
	e := sent{flags: wasFiller}
	o.own.next(now, &e.hop)
	dst[0], dst[1] = 2<<6|1<<5, payloadType
	if block.size > 0 {
		dst[0] |= 1 << 4
	}
	put16(dst[2:], uint16(o.rtxNext))
	put32(dst[4:], uint32(o.timeline.last))
	put32(dst[8:], o.rtxSSRC)
	o.rtxNext++
	at := o.writeExtensions(dst, headerSize, &e, nil, nil, block)
	n := at + padding
	clear(dst[at : n-1])
	dst[n-1] = uint8(padding)
	o.note(&e.hop, n, WrittenPadding)
	return n
}
