package sfutest

import (
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"github.com/heliograph/heliograph/internal/synthetic"
)

// audioDecoder takes Opus: every packet is a frame, and with RED may repeat others.
type audioDecoder struct {
	slot   *Slot
	before rtpMoment
	last   stamp
	seq    uint16 // of last
	source uint32 // CSRC of last
}

func (d *audioDecoder) wantsKeyframe() bool { return false }

func (d *audioDecoder) packet(now time.Duration, p *rtp.Packet) {
	if p.PayloadType != redPT {
		d.frame(now, p, p.Payload)
		return
	}
	blocks, ok := readRED(p.Payload)
	if !ok {
		d.slot.fault(now, "a packet of RED that cannot be read")
		return
	}
	last := len(blocks) - 1
	for _, b := range blocks[:last] {
		d.repeated(now, p, b)
	}
	d.frame(now, p, blocks[last].data)
}

// repeated takes a frame that an earlier packet had, if that was lost.
func (d *audioDecoder) repeated(now time.Duration, p *rtp.Packet, b redBlock) {
	if !d.before.known || p.CSRC[0] != d.source {
		d.slot.fault(now, "the first packet of a source repeats what was before it")
		return
	}
	earlier := *p
	earlier.Timestamp -= b.offset
	switch ahead := int32(earlier.Timestamp - d.before.time); {
	case ahead > 0:
		earlier.SequenceNumber--
		d.frame(now, &earlier, b.data)
	case ahead == 0:
		if st, ok := readStamp(b.data[min(1, len(b.data)):]); !ok || st != d.last {
			d.slot.fault(now, "a repeated frame of audio is not the one that was sent")
		}
	}
}

// frame takes one frame of Opus.
func (d *audioDecoder) frame(now time.Duration, p *rtp.Packet, payload []byte) {
	if len(payload) == 0 {
		d.slot.fault(now, "an empty packet of audio")
		return
	}
	st, ok := readStamp(payload[1:])
	if !ok {
		d.slot.fault(now, "a packet of audio that is not what was sent")
		return
	}
	goesOn := d.before.known && p.CSRC[0] == d.source && p.SequenceNumber == d.seq+1
	if goesOn && st.frame != d.last.frame+1 && st.needs != st.frame && st.captured-d.last.captured < time.Second { // a longer gap is a stay elsewhere
		d.slot.fault(now, "audio frame %d follows %d without a gap in the sequence numbers", st.frame, d.last.frame)
	}
	d.source = p.CSRC[0]
	d.last, d.seq = st, p.SequenceNumber
	d.slot.decoded(now, p, &st, &d.before)
}

// videoDecoder assembles frames of VP8 and tells which decode: a keyframe does, any other one if the frame before it in
// its encoding did.
type videoDecoder struct {
	slot   *Slot
	before rtpMoment

	parts   []stamp // of the frame being assembled
	first   bool    // its first packet is there
	time    uint32
	begun   bool
	chain   *stamp // the newest frame that decoded
	source  uint32 // CSRC of the newest packet
	shown   uint32 // CSRC of chain
	picture int    // newest picture id, -1: none
	tl0     int
	keyIdx  int
	broken  bool   // nothing decodes until a keyframe
	Broken  int    // frames that did not decode
	seq     uint16 // of the newest packet
	lossy   bool   // packets were given up since the newest frame began
	clean   bool   // none since the newest frame that decoded
}

func (d *videoDecoder) wantsKeyframe() bool { return d.broken }

func (d *videoDecoder) packet(now time.Duration, p *rtp.Packet) {
	d.lossy = d.lossy || !d.begun || p.SequenceNumber != d.seq+1
	d.seq, d.clean = p.SequenceNumber, d.clean && !d.lossy
	var v codecs.VP8Packet
	payload, err := v.Unmarshal(p.Payload)
	if err != nil || len(payload) == 0 {
		d.slot.fault(now, "a packet of video without a VP8 payload: %v", err)
		return
	}
	start := v.S == 1 && v.PID == 0
	header := 0
	if start {
		header = synthetic.VP8HeaderSize(payload)
	}
	st, ok := readStamp(payload[min(header, len(payload)):])
	if !ok {
		d.slot.fault(now, "a packet of video that is not what was sent")
		return
	}
	if start {
		d.startFrame(now, p, &v, &st)
		d.lossy = false
	}
	d.begun = true
	if len(d.parts) > 0 && (p.Timestamp != d.time || st.origin != d.parts[0].origin || st.frame != d.parts[0].frame) || !d.first {
		d.parts, d.first, d.broken = nil, false, true
		return
	}
	d.parts = append(d.parts, st)
	if p.Marker {
		d.endFrame(now, p)
	}
}

// startFrame checks that the picture ids go on, and that a new source begins with a keyframe.
func (d *videoDecoder) startFrame(now time.Duration, p *rtp.Packet, v *codecs.VP8Packet, st *stamp) {
	cut := d.first && len(d.parts) > 0
	if cut && !d.lossy && !st.key { // a switch, or a start anew at an earlier keyframe, may cut the last frame off
		d.slot.fault(now, "a frame begins before the marker of the one before it")
	}
	if p.CSRC[0] != d.source && !st.key && !d.lossy {
		d.slot.fault(now, "the first packet of a source is no keyframe")
	}
	if d.begun && !d.lossy {
		bits := 0x7fff
		if p.Payload[2]&0x80 == 0 { // M
			bits = 0x7f
		}
		if want := (d.picture + 1) & bits; int(v.PictureID) != want {
			d.slot.fault(now, "picture id %d after %d", v.PictureID, d.picture)
		}
		if want := (d.keyIdx + keys(st.key)) & 0x1f; d.sameEncoding(st) && int(v.KEYIDX) != want {
			d.slot.fault(now, "KEYIDX %d after %d, keyframe %v", v.KEYIDX, d.keyIdx, st.key)
		}
		if want := (d.tl0 + 1) & 0xff; int(v.TL0PICIDX) != want {
			d.slot.fault(now, "TL0PICIDX %d after %d", v.TL0PICIDX, d.tl0)
		}
	}
	d.picture, d.tl0, d.keyIdx, d.source = int(v.PictureID), int(v.TL0PICIDX), int(v.KEYIDX), p.CSRC[0]
	d.parts, d.first, d.time = d.parts[:0], true, p.Timestamp
}

// sameEncoding tells whether a frame belongs to the encoding of the one that decoded last.
func (d *videoDecoder) sameEncoding(st *stamp) bool {
	return d.chain != nil && st.origin == d.chain.origin && st.encoding == d.chain.encoding
}

// keys is by how much a frame raises KEYIDX.
func keys(key bool) int {
	if key {
		return 1
	}
	return 0
}

func (d *videoDecoder) endFrame(now time.Duration, p *rtp.Packet) {
	st := d.parts[0]
	whole := d.first && len(d.parts) == int(st.parts)
	for i, part := range d.parts {
		whole = whole && int(part.part) == i
	}
	d.parts, d.first = d.parts[:0], false
	follows := d.chain != nil && st.origin == d.chain.origin && st.encoding == d.chain.encoding && st.needs == d.chain.frame
	if whole && !st.key && !follows && d.clean && p.CSRC[0] == d.shown {
		d.slot.fault(now, "frame %d of encoding %d, which needs %d, follows %d of %d without a gap in the sequence numbers",
			st.frame, st.encoding, st.needs, d.chain.frame, d.chain.encoding)
	}
	if !whole || !st.key && !follows {
		d.broken = true
		d.Broken++
		return
	}
	d.broken, d.chain, d.clean, d.shown = false, &st, true, p.CSRC[0]
	d.slot.decoded(now, p, &st, &d.before)
}
