package synthetic

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Config says what an Encoder makes: one encoding of a publication.
type Config struct {
	Codec         string // vp8, vp9, h264, av1 or opus
	Origin        uint64
	Encoding      uint8 // its index in simulcast
	Width, Height int   // pixels, of the highest spatial layer
	Bitrate       int   // bit/s, of all layers together
	FPS           int   // pictures in a second; of opus 50
	Spatial       int   // layers, 1 to 3; 0: 1. More than one: VP9 and AV1
	Temporal      int   // layers, 1 to 3; 0: 1. More than one: not H264
}

// ErrConfig tells that there is no such encoder.
var ErrConfig = errors.New("no encoder of this kind")

// Packet is the payload of one RTP packet.
type Packet struct {
	Payload    []byte
	Marker     bool
	Descriptor []byte // dependency descriptor, of AV1
}

const (
	maxPayload   = 1100 // bytes of a packet, about
	keyframeSize = 5    // times that of another picture
	audioBytes   = 100  // of a frame of Opus: 40 kbit/s
)

// Encoder makes one encoding: pictures of one or several layers, with temporal layers in the pattern 0 2 1 2 of browsers. Of several
// spatial layers, each needs the one below it in keyframes only (L3T3_KEY). It belongs to one goroutine.
type Encoder struct {
	config Config
	fill   *filling
	random *rand.Rand

	number    uint32 // of the next frame
	picture   uint16 // id, 15 bits
	tl0       uint8
	keyIdx    uint8
	pattern   int
	last      [maxSpatial][maxTemporal]uint32 // number of the newest frame of a spatial layer up to a temporal one
	structure dependencies
}

const (
	maxSpatial  = 3
	maxTemporal = 3
)

// patterns are the temporal layers of pictures in turn, by their count.
var patterns = [maxTemporal + 1][]uint8{1: {0}, 2: {0, 1}, 3: {0, 2, 1, 2}}

// New makes an Encoder.
func New(c Config) (*Encoder, error) {
	c.Spatial, c.Temporal = max(c.Spatial, 1), max(c.Temporal, 1)
	layered := c.Codec == "vp9" || c.Codec == "av1"
	switch {
	case c.Codec != "vp8" && c.Codec != "h264" && c.Codec != "opus" && !layered:
		return nil, fmt.Errorf("%w: codec %q", ErrConfig, c.Codec)
	case c.Spatial > maxSpatial || c.Temporal > maxTemporal, c.Spatial > 1 && !layered, c.Temporal > 1 && (c.Codec == "h264" || c.Codec == "opus"):
		return nil, fmt.Errorf("%w: %s with %d spatial and %d temporal layers", ErrConfig, c.Codec, c.Spatial, c.Temporal)
	case c.FPS < 1 || c.Bitrate < 0:
		return nil, fmt.Errorf("%w: %d pictures and %d bits in a second", ErrConfig, c.FPS, c.Bitrate)
	}
	return &Encoder{
		config: c, fill: newFilling(), random: rand.New(rand.NewPCG(c.Origin, uint64(c.Encoding))),
		structure: dependencies{spatial: c.Spatial, temporal: c.Temporal, width: c.Width, height: c.Height},
	}, nil
}

// frame is one spatial layer of one picture.
type frame struct {
	Mark
	last     bool // of its picture
	first    bool // picture of a keyframe, lowest layer
	content  []byte
	switchUp bool
}

// Next makes the packets of the next picture, which is a keyframe if key is set or it is the first one.
func (e *Encoder) Next(captured time.Duration, key bool) []Packet {
	if e.config.Codec == "opus" {
		return e.sound(captured)
	}
	key = key || e.number == 0
	if key {
		e.pattern = 0
		e.keyIdx++
	}
	pattern := patterns[e.config.Temporal]
	at := e.pattern % len(pattern)
	temporal := pattern[at]
	if temporal == 0 {
		e.tl0++
	}
	var out []Packet
	for s := range e.config.Spatial {
		f := frame{last: s == e.config.Spatial-1, first: key && s == 0, switchUp: at != 3}
		f.Mark = Mark{
			Origin: e.config.Origin, Encoding: e.config.Encoding, Spatial: uint8(s), Temporal: temporal, Key: key, Number: e.number, Captured: captured,
		}
		if !key {
			f.Refs[0] = uint16(e.number - e.last[s][max(int(temporal)-1, 0)])
		} else if s > 0 {
			f.Refs[0] = 1
		}
		for t := int(temporal); t < maxTemporal; t++ {
			e.last[s][t] = e.number
		}
		f.content = e.fill.appendFrame(e.header(&f), 0, &f.Mark, e.size(s, key))
		e.number++
		out = append(out, e.packets(&f)...)
	}
	out[len(out)-1].Marker = true
	e.pattern++
	e.picture = (e.picture + 1) & 0x7fff
	return out
}

// size is that of a frame in bytes: spatial layers cost 1, 3 and 9 parts.
func (e *Encoder) size(spatial int, key bool) int {
	parts := [maxSpatial + 1]float64{1: 1, 2: 4, 3: 13}[e.config.Spatial]
	size := float64(e.config.Bitrate) / 8 / float64(e.config.FPS) * [maxSpatial]float64{1, 3, 9}[spatial] / parts
	if key {
		size *= keyframeSize
	}
	return int(size * (0.75 + e.random.Float64()/2))
}

// sound makes one frame of Opus (RFC 6716: a TOC byte of 20 ms, fullband, one frame).
func (e *Encoder) sound(captured time.Duration) []Packet {
	m := Mark{Origin: e.config.Origin, Key: true, Number: e.number, Captured: captured}
	e.number++
	return []Packet{{Payload: e.fill.appendFrame([]byte{opusTOC}, 0, &m, audioBytes)}}
}

// header is the codec header at the start of a frame.
func (e *Encoder) header(f *frame) []byte {
	switch e.config.Codec {
	case "vp8":
		return AppendVP8Header(nil, f.Key, e.config.Width, e.config.Height)
	case "vp9":
		return []byte{vp9FrameMarker}
	case "h264":
		return []byte{h264FirstSlice}
	}
	if f.Key {
		return []byte{av1KeyFrame}
	}
	return []byte{av1InterFrame}
}

func (e *Encoder) packets(f *frame) []Packet {
	switch e.config.Codec {
	case "vp8":
		return e.vp8(f)
	case "vp9":
		return e.vp9(f)
	case "h264":
		return e.h264(f)
	}
	return e.av1(f)
}

// parts cuts a frame into about equal parts of at most maxPayload bytes.
func parts(content []byte) [][]byte {
	count := (len(content) + maxPayload - 1) / maxPayload
	out := make([][]byte, 0, count)
	for i := range count {
		out = append(out, content[len(content)*i/count:len(content)*(i+1)/count])
	}
	return out
}
