package rtpfwd

import (
	"fmt"
	"testing"

	"github.com/pion/rtp"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// viewerModel reads what was sent to a subscriber as a receiver does, and knows nothing of the Forwarder: each frame must
// be whole, and all that it refers to must have been sent. References are read where the codec tells them: VP9 by
// picture ids and inter-layer prediction, the dependency descriptor by frame numbers, VP8 by TL0PICIDX.
type viewerModel struct {
	t *testing.T
	p *recordedReplay

	structure codec.DependencyStructure
	frames    map[uint16]bool // by frame number of the dependency descriptor: whole
	pictures  map[[2]int]bool // by picture id and spatial layer of VP9: whole
	base      map[int16]bool  // TL0PICIDX of VP8 whose base picture came
	last      *rtp.Packet
	at        int // index of the packet
	problems  []string
}

func newViewerModel(t *testing.T, p *recordedReplay) *viewerModel {
	return &viewerModel{t: t, p: p, frames: map[uint16]bool{}, pictures: map[[2]int]bool{}, base: map[int16]bool{}}
}

// check reads all packets and returns what a receiver could not decode.
func (m *viewerModel) check() []string {
	for i, raw := range m.p.sent {
		m.at = i
		packet := parsed(m.t, raw)
		m.header(packet)
		if len(packet.Payload) > 0 && m.p.r.codec.Video() {
			m.media(packet)
		}
		m.last = packet
	}
	return m.problems
}

func (m *viewerModel) errorf(format string, args ...any) {
	m.problems = append(m.problems, fmt.Sprintf("packet %d: "+format, append([]any{m.at}, args...)...))
}

// header checks that numbers have no hole and that time goes on.
func (m *viewerModel) header(packet *rtp.Packet) {
	if packet.SSRC != 1 || packet.PayloadType != 120 || len(packet.CSRC) != 1 {
		m.errorf("header %+v", packet.Header)
	}
	if m.last == nil {
		return
	}
	if packet.SequenceNumber != m.last.SequenceNumber+1 {
		m.errorf("number %d after %d", packet.SequenceNumber, m.last.SequenceNumber)
	}
	if ahead := int32(packet.Timestamp - m.last.Timestamp); ahead < 0 {
		m.errorf("time goes back by %d", -ahead)
	} else if ahead > 0 != m.last.Marker && m.p.r.codec.Video() && !m.endless() {
		m.errorf("marker %t of the packet before, time goes on by %d", m.last.Marker, ahead)
	}
}

// endless says whether the publisher itself ended the picture before without a marker: Chromium does when its encoder
// drops the frame of a layer that begins.
func (m *viewerModel) endless() bool {
	source := m.p.choices[m.at-1].Packet
	for i, p := range m.p.received {
		if p == source && i+1 < len(m.p.received) {
			return m.p.received[i+1].Time != p.Time && !p.Marker
		}
	}
	return false
}

// media checks one packet of video against the frames before.
func (m *viewerModel) media(packet *rtp.Packet) {
	switch m.p.r.codec {
	case VP8:
		m.vp8(packet)
	case VP9:
		m.vp9(packet)
	case AV1, H264:
	}
	if e := packet.GetExtension(m.p.r.extensions.DependencyDescriptor); e != nil {
		m.dependencies(packet, e)
	}
}

// vp8: a picture of a higher temporal layer refers to the base picture that its TL0PICIDX names.
func (m *viewerModel) vp8(packet *rtp.Packet) {
	var d codec.Descriptor
	if err := codec.ParseVP8(packet.Payload, &d); err != nil {
		m.errorf("%v", err)
		return
	}
	if !d.Start || d.TL0 < 0 {
		return
	}
	if d.Keyframe {
		m.base = map[int16]bool{}
	}
	if d.Temporal > 0 && !m.base[d.TL0] {
		m.errorf("T%d refers to base picture %d, which was not sent", d.Temporal, d.TL0)
	}
	if d.Temporal == 0 {
		if !d.Keyframe && !m.base[int16(uint8(d.TL0-1))] {
			m.errorf("base picture %d without the one before", d.TL0)
		}
		m.base[d.TL0] = true
	}
}

// vp9: RFC 9628 section 4.2. In flexible mode P_DIFF names the pictures that a frame refers to; without it the browser
// refers to the picture before.
func (m *viewerModel) vp9(packet *rtp.Packet) {
	var d codec.Descriptor
	if err := codec.ParseVP9(packet.Payload, &d); err != nil {
		m.errorf("%v", err)
		return
	}
	id, s := int(d.PictureID), int(d.Spatial)
	if d.Start {
		if d.Keyframe {
			m.pictures = map[[2]int]bool{}
		}
		for _, diff := range pictureDiffs(packet.Payload) {
			if !m.pictures[[2]int{(id - diff) & 0x7fff, s}] {
				m.errorf("picture %d S%d refers to %d back, which was not sent", id, s, diff)
			}
		}
		if d.InterLayer && !m.pictures[[2]int{id, s - 1}] {
			m.errorf("picture %d S%d needs the layer below, which was not sent", id, s)
		}
		if s > 0 && !d.Predicted && !d.InterLayer {
			m.errorf("picture %d S%d refers to nothing", id, s)
		}
	}
	if d.End {
		m.pictures[[2]int{id, s}] = true
	}
}

// pictureDiffs reads how far back the pictures are that a VP9 frame refers to.
func pictureDiffs(payload []byte) []int {
	flags := payload[0]
	if flags&0x40 == 0 {
		return nil // P
	}
	if flags&0x10 == 0 {
		return []int{1} // not flexible
	}
	at := 1
	if flags&0x80 != 0 {
		at += 1 + int(payload[at]>>7)
	}
	if flags&0x20 != 0 {
		at++
	}
	var diffs []int
	for {
		diffs = append(diffs, int(payload[at]>>1))
		if payload[at]&1 == 0 {
			return diffs
		}
		at++
	}
}

// dependencies checks the references of the dependency descriptor, which are the same whatever the codec.
func (m *viewerModel) dependencies(packet *rtp.Packet, extension []byte) {
	var d codec.Descriptor
	if err := codec.ParseDependencyDescriptor(extension, &m.structure, &d); err != nil {
		m.errorf("%v", err)
		return
	}
	n := uint16(d.FrameNumber)
	if d.Start {
		if d.Keyframe {
			m.frames = map[uint16]bool{}
		}
		for _, back := range d.Refs[:d.RefCount] {
			if !m.frames[n-back] {
				m.errorf("frame %d (S%dT%d) refers to %d back, which was not sent", n, d.Spatial, d.Temporal, back)
			}
		}
	}
	if d.End {
		m.frames[n] = true
	}
}
