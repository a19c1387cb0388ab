package synthetic

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
)

// configs are all kinds of encoders.
var configs = []Config{
	{Codec: "vp8", Width: 640, Height: 360, Bitrate: 500_000, FPS: 30},
	{Codec: "vp8", Width: 1280, Height: 720, Bitrate: 1_700_000, FPS: 30, Temporal: 3, Encoding: 2},
	{Codec: "vp9", Width: 1280, Height: 720, Bitrate: 1_700_000, FPS: 30, Spatial: 3, Temporal: 3},
	{Codec: "vp9", Width: 320, Height: 180, Bitrate: 150_000, FPS: 30, Temporal: 2},
	{Codec: "h264", Width: 1280, Height: 720, Bitrate: 1_700_000, FPS: 30},
	{Codec: "h264", Width: 322, Height: 182, Bitrate: 150_000, FPS: 30},
	{Codec: "av1", Width: 1280, Height: 720, Bitrate: 1_700_000, FPS: 30, Spatial: 3, Temporal: 3},
	{Codec: "av1", Width: 640, Height: 360, Bitrate: 300_000, FPS: 30},
	{Codec: "opus", FPS: 50},
}

// sent is a packet with its number.
type sent struct {
	Packet
	seq  uint16
	time uint32
	at   time.Duration
}

// run makes count pictures, with keyframes at those of key.
func run(t *testing.T, c Config, count int, key func(int) bool) []sent {
	t.Helper()
	c.Origin = Origin("ann", "camera")
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	var out []sent
	seq := uint16(65500)
	for i := range count {
		at := time.Duration(i) * time.Second / time.Duration(c.FPS)
		for _, p := range e.Next(at, key(i)) {
			out = append(out, sent{p, seq, uint32(i * 3000), at})
			seq++
		}
	}
	return out
}

// receive gives packets to a Receiver and counts what it shows.
func receive(c Config, packets []sent) (*Receiver, int) {
	r := NewReceiver(c.Codec)
	shown := 0
	for _, p := range packets {
		if picture, ok := r.Packet(p.at, p.seq, p.time, p.Marker, p.Payload); ok {
			shown++
			if picture.Captured != p.at || picture.Origin != Origin("ann", "camera") || picture.Encoding != c.Encoding && c.Codec != "opus" {
				panic(fmt.Sprintf("%+v", picture))
			}
		}
	}
	return r, shown
}

func TestWhatIsMadeIsReceived(t *testing.T) {
	for _, c := range configs {
		const count = 100
		packets := run(t, c, count, func(i int) bool { return i == 30 })
		r, shown := receive(c, packets)
		want := Stats{Pictures: count, Keyframes: 2}
		if c.Codec == "opus" {
			want.Keyframes = count
		}
		if r.Stats() != want || shown != count || r.WantsKeyframe() {
			t.Errorf("%+v: %+v, %d shown", c, r.Stats(), shown)
		}
	}
}

// The bitrate is about the one that was asked for.
func TestBitrate(t *testing.T) {
	for _, c := range configs[:8] {
		bytes := 0
		for _, p := range run(t, c, 20*c.FPS, func(int) bool { return false }) {
			bytes += len(p.Payload)
		}
		if rate := bytes * 8 / 20; rate < c.Bitrate*9/10 || rate > c.Bitrate*12/10 {
			t.Errorf("%+v: %d bit/s", c, rate)
		}
	}
}

// Every changed byte is noticed: as damage, or as a frame that cannot be decoded.
func TestDamageIsNoticed(t *testing.T) {
	for _, c := range configs {
		packets := run(t, c, 12, func(int) bool { return false })
		random := rand.New(rand.NewPCG(1, 1))
		for range 300 {
			changed := make([]sent, len(packets))
			copy(changed, packets)
			i := random.IntN(len(packets))
			p, ok := split(c.Codec, packets[i].Payload)
			if !ok || len(p.content) == 0 {
				continue
			}
			payload := append([]byte(nil), packets[i].Payload...)
			at := len(payload) - 1 - random.IntN(len(p.content))
			payload[at] ^= byte(1 + random.IntN(255))
			changed[i].Payload = payload
			if r, _ := receive(c, changed); r.Stats().Damaged == 0 {
				t.Errorf("%+v: byte %d of %d of packet %d was changed: %+v", c, at, len(payload), i, r.Stats())
			}
		}
	}
}

// A packet that is left out without a hole in the numbers is damage or a fault; with a hole it is a loss and no fault.
func TestMissingPackets(t *testing.T) {
	for _, c := range configs[:8] {
		packets := run(t, c, 60, func(i int) bool { return i == 40 })
		for i := 1; packets[i].time < 38*3000; i++ { // nothing needs the picture before a keyframe
			if p, _ := split(c.Codec, packets[i].Payload); len(p.content) == 0 || packets[i].time == 0 {
				continue // parameter sets, and what is lost before anything is known
			}
			left := append(append([]sent(nil), packets[:i]...), packets[i+1:]...)
			r, _ := receive(c, left)
			if st := r.Stats(); st.Faults+st.Damaged > 0 || st.Pictures > 60 {
				t.Fatalf("%+v: packet %d was lost: %+v", c, i, st)
			}
			for k := i; k < len(left); k++ {
				left[k].seq--
			}
			r, _ = receive(c, left)
			layered := c.Temporal > 1 || c.Spatial > 1 // a frame that nothing needs may be left out
			if st := r.Stats(); st.Faults+st.Damaged == 0 && !layered {
				t.Fatalf("%+v: packet %d was left out: %+v", c, i, st)
			}
		}
	}
}

// What is made is what servers read: the parsers of the forwarding core find starts, keyframes, layers and sizes.
func TestParsersAgree(t *testing.T) {
	for _, c := range configs[:8] {
		var structure codec.DependencyStructure
		frames := map[int]int{}
		for i, p := range run(t, c, 100, func(i int) bool { return i == 50 }) {
			var d codec.Descriptor
			parse := map[string]func([]byte, *codec.Descriptor) error{
				"vp8": codec.ParseVP8, "vp9": codec.ParseVP9, "h264": codec.ParseH264, "av1": codec.ParseAV1,
			}[c.Codec]
			if err := parse(p.Payload, &d); err != nil {
				t.Fatalf("%+v: packet %d: %v", c, i, err)
			}
			key := d.Keyframe && d.Start
			if c.Codec == "av1" {
				if w, h := d.Width, d.Height; key && (int(w) != c.Width || int(h) != c.Height) {
					t.Errorf("%+v: sequence header says %d x %d", c, w, h)
				}
				if err := codec.ParseDependencyDescriptor(p.Descriptor, &structure, &d); err != nil {
					t.Fatalf("%+v: packet %d: %v", c, i, err)
				}
				if key != (d.Keyframe && d.Start) {
					t.Errorf("%+v: packet %d: payload and descriptor tell different keyframes", c, i)
				}
			}
			if key && (int(d.Width) != c.Width || int(d.Height) != c.Height) && !d.ParameterSet && c.Codec != "h264" {
				t.Errorf("%+v: %d x %d", c, d.Width, d.Height)
			}
			if d.ParameterSet && (int(d.Width) != c.Width || int(d.Height) != c.Height) {
				t.Errorf("%+v: parameter set says %d x %d", c, d.Width, d.Height)
			}
			if key && (p.time != 0 && p.time != 150000) {
				t.Errorf("%+v: a keyframe at %d", c, p.time)
			}
			if d.Start {
				frames[int(d.Spatial)]++
			}
			if int(d.Spatial) >= max(c.Spatial, 1) || int(d.Temporal) >= max(c.Temporal, 1) {
				t.Errorf("%+v: layer %d, %d", c, d.Spatial, d.Temporal)
			}
		}
		for s := range max(c.Spatial, 1) {
			if frames[s] < 100 {
				t.Errorf("%+v: %d frames of spatial layer %d", c, frames[s], s)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []Config{
		{}, {Codec: "theora", FPS: 30}, {Codec: "vp8", FPS: 30, Spatial: 2}, {Codec: "vp9", FPS: 30, Spatial: 4}, {Codec: "h264", FPS: 30, Temporal: 2}, {Codec: "vp8"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}

// FuzzReceiver: no payload makes a Receiver panic, or is taken for a picture that nobody made.
func FuzzReceiver(f *testing.F) {
	for i, c := range configs {
		e, err := New(c)
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range e.Next(0, true) {
			f.Add(uint8(i), p.Payload, p.Payload)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, first, second []byte) {
		r := NewReceiver(configs[int(which)%len(configs)].Codec)
		for i, b := range [][]byte{first, second, first} {
			if picture, ok := r.Packet(0, uint16(i), uint32(i/2), i > 0, b); ok && picture.Captured != 0 {
				t.Errorf("%+v", picture)
			}
		}
	})
}
