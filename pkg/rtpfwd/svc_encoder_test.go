package rtpfwd

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// svcMode is how an encoder makes pictures.
type svcMode struct {
	codec      Codec
	spatial    int
	temporal   int
	keyOnly    bool // inter-layer prediction in keyframes only: L3T3_KEY
	descriptor bool // dependency descriptors
}

func (m svcMode) String() string {
	name := fmt.Sprintf("%v L%dT%d", m.codec, m.spatial, m.temporal)
	if m.keyOnly {
		name += "_KEY"
	}
	if m.descriptor {
		name += " with descriptors"
	}
	return name
}

// svcModes are those of browsers, each as far as its codec has them.
var svcModes = []svcMode{
	{codec: VP9, spatial: 3, temporal: 3},
	{codec: VP9, spatial: 3, temporal: 3, keyOnly: true},
	{codec: VP9, spatial: 2, temporal: 1},
	{codec: VP9, spatial: 1, temporal: 3},
	{codec: VP9, spatial: 3, temporal: 3, descriptor: true},
	{codec: VP9, spatial: 3, temporal: 3, keyOnly: true, descriptor: true},
	{codec: AV1, spatial: 3, temporal: 3, keyOnly: true, descriptor: true},
	{codec: AV1, spatial: 3, temporal: 3, descriptor: true},
	{codec: AV1, spatial: 1, temporal: 3, descriptor: true},
	{codec: VP8, spatial: 1, temporal: 3, descriptor: true},
}

// svcFrame is what is true of a frame: one spatial layer of one picture.
type svcFrame struct {
	picture  int
	key      bool // its picture is a keyframe
	spatial  int8
	temporal int8
	refs     []int // frames
	packets  int
}

// svcEncoder makes frames.
type svcEncoder struct {
	mode    svcMode
	rng     *rand.Rand
	top     int // the spatial layers that are sent, less one
	frames  []svcFrame
	picture int
	pattern int
	last    [4][3]int // the newest frame by layer
	fresh   int       // spatial layers from here on have nothing to refer to
	seq     SeqNo
	wanted  bool // a keyframe
	number  int  // of frame 0 in dependency descriptors: a keyframe may begin anew
}

func newSVCEncoder(mode svcMode, rng *rand.Rand) *svcEncoder {
	return &svcEncoder{mode: mode, rng: rng, top: mode.spatial - 1, seq: 100000, wanted: true}
}

// svcPatterns are the temporal layers of pictures by their count.
var svcPatterns = [4][]int8{1: {0}, 2: {0, 1}, 3: {0, 2, 1, 2}}

// next makes the packets of the next picture.
func (e *svcEncoder) next() []*Packet {
	key := e.wanted
	if key {
		e.pattern, e.wanted, e.number = 0, false, e.rng.IntN(1<<16)
	}
	if key || e.pattern%len(svcPatterns[e.mode.temporal]) == 0 {
		e.fresh = min(e.fresh, e.top+1)
	}
	pattern := svcPatterns[e.mode.temporal]
	tid := pattern[e.pattern%len(pattern)]
	var out []*Packet
	for s := 0; s <= min(e.top, e.opened(tid)); s++ {
		f := svcFrame{picture: e.picture, key: key, spatial: int8(s), temporal: tid, packets: 1 + e.rng.IntN(3)}
		f.refs = e.refs(s, tid, key)
		index := len(e.frames)
		e.frames = append(e.frames, f)
		for t := int(tid); t < 3; t++ {
			e.last[s][t] = index
		}
		for k := range f.packets {
			out = append(out, e.packet(index, k))
		}
	}
	out[len(out)-1].Marker = true
	if tid == 0 {
		e.fresh = e.top + 1
	}
	e.pattern++
	e.picture++
	return out
}

// opened is the highest spatial layer of a picture: a layer begins in the base layer.
func (e *svcEncoder) opened(tid int8) int {
	if tid == 0 {
		return e.top
	}
	return e.fresh - 1
}

// refs are the frames that a frame refers to. last of a temporal layer is the newest
// frame of it or of a lower one.
func (e *svcEncoder) refs(s int, tid int8, key bool) []int {
	var refs []int
	if !key && s < e.fresh {
		refs = append(refs, e.last[s][max(tid-1, 0)])
	}
	if s > 0 && (key || !e.mode.keyOnly) {
		refs = append(refs, len(e.frames)-1)
	}
	return refs
}

// packet makes packet k of a frame, described as its mode says.
func (e *svcEncoder) packet(index, k int) *Packet {
	f := &e.frames[index]
	p := &Packet{
		Seq: e.seq, Time: RTPTime(1<<32 + 3000*f.picture), Arrival: time.Duration(f.picture) * time.Second / 30,
		Codec: e.mode.codec, Raw: make([]byte, 20), payloadStart: 12, payloadEnd: 20,
	}
	put32(p.Raw[12:], uint32(index))
	p.Raw[16] = uint8(k)
	e.seq++
	d := &p.Desc
	*d = noDescriptor()
	d.Start, d.End = k == 0, k == f.packets-1
	d.Spatial, d.Temporal = f.spatial, f.temporal
	d.Keyframe = d.Start && f.key && f.spatial == 0
	if d.Start && f.spatial == 0 && (f.key || f.temporal == 0 && e.fresh <= e.top) {
		d.SpatialLayers = uint8(e.top + 1) // told where layers begin
	}
	if e.mode.codec == VP9 {
		d.PictureID, d.PictureIDBits = int32(f.picture&0x7fff), 15
		d.Predicted, d.SwitchUp = !f.key && int(f.spatial) < e.fresh, f.temporal < 2
		d.InterLayer = f.spatial > 0 && (f.key || !e.mode.keyOnly)
		d.NotForUpper = int(f.spatial) == e.mode.spatial-1 || e.mode.keyOnly && !f.key
	}
	if e.mode.descriptor {
		e.target(p, index)
	}
	return p
}

// target describes a frame by decode targets.
func (e *svcEncoder) target(p *Packet, index int) {
	f, d := &e.frames[index], &p.Desc
	d.HasTargets, d.FrameNumber = true, int32(uint16(index+e.number))
	d.TellsTargets, d.SpatialLayers = d.SpatialLayers > 0, uint8(e.mode.spatial)
	for _, ref := range f.refs {
		d.Refs[d.RefCount] = uint16(index - ref)
		d.RefCount++
	}
	for s := range e.mode.spatial {
		for t := range e.mode.temporal {
			if s <= e.top {
				d.Active[s] |= 1 << t
			}
			same := s == int(f.spatial)
			if s < int(f.spatial) || t < int(f.temporal) || !same && e.mode.keyOnly && !f.key {
				continue
			}
			d.Present[s] |= 1 << t
			if same && t > int(f.temporal) || same && f.temporal == 0 || f.key {
				d.SwitchTo[s] |= 1 << t
			}
		}
	}
}
