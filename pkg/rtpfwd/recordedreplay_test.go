package rtpfwd

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// recordedReplay sends a recording through Inbound, Forwarder and Outbound as a server does.
type recordedReplay struct {
	t         *testing.T
	r         *recording
	inbounds  []*Inbound
	replicas  []*Replica
	forwarder *Forwarder
	out       *Outbound
	received  []*Packet // what Inbound let through, in order of arrival
	sent      [][]byte
	choices   []Choice
}

func newRecordedReplay(t *testing.T, r *recording) *recordedReplay {
	p := &recordedReplay{t: t, r: r}
	for i, e := range r.encodings {
		p.inbounds = append(p.inbounds, NewInbound(InboundConfig{
			Encoding: uint8(i), SSRC: e.ssrc, ClockRate: r.rate, Payloads: &r.payloads, Extensions: &r.extensions, NACK: r.codec.Video(),
		}))
		p.replicas = append(p.replicas, &Replica{Encoding: uint8(i), Ring: NewRing(512), Rate: r.rate})
	}
	p.forwarder = NewForwarder(ForwarderConfig{Codec: r.codec.Media(), Replicas: p.replicas})
	p.forwarder.SetTarget(0, Layer{Spatial: 7, Temporal: 7})
	p.out = NewOutbound(OutboundConfig{SSRC: 1, RTXSSRC: 2, SeqStart: 32700, TimeStart: 0xffff_0000, PictureIDStart: 32760, Extensions: &r.extensions, MID: "7"})
	p.out.SetSource(0, OutboundSource{CSRC: 9, Codec: r.codec.Media(), Rate: r.rate, PayloadType: 120, RTXPayloadType: 121})
	return p
}

// run replays all packets; before each one, step may change the target.
func (p *recordedReplay) run(step func(i int, now time.Duration)) {
	p.t.Helper()
	for i, packet := range p.r.packets {
		if step != nil {
			step(i, packet.at)
		}
		p.receive(packet)
	}
}

// receive hands one packet to the Inbound that its SSRC belongs to.
func (p *recordedReplay) receive(packet recordedPacket) {
	raw := slices.Clone(packet.raw)
	h, ok := parseHeader(raw)
	if !ok {
		p.t.Fatalf("%s: no RTP packet: %x", p.r.name, raw)
	}
	for i, e := range p.r.encodings {
		received := new(Packet)
		switch h.ssrc {
		case e.ssrc:
			if reason := p.inbounds[i].Receive(packet.at, raw, received); reason != None {
				continue // counted in Stats
			}
		case e.rtx:
			if reason := p.inbounds[i].ReceiveRTX(packet.at, raw, received); reason != None {
				continue
			}
		default:
			continue
		}
		p.received = append(p.received, received)
		p.replicas[i].Put(received)
		for _, c := range p.forwarder.Select(packet.at, received, nil) {
			p.send(packet.at, c)
		}
	}
}

func (p *recordedReplay) send(now time.Duration, c Choice) {
	buffer := make([]byte, 2000)
	n := p.out.Rewrite(now, c, buffer)
	if n == 0 {
		p.t.Errorf("%s: refused: %v", p.r.name, p.out.Stats().Refused)
		return
	}
	p.sent = append(p.sent, buffer[:n])
	p.choices = append(p.choices, c)
}

// what says what a recording has in it: the layers of each encoding, the picture sizes that are told, and the keyframes.
func (p *recordedReplay) what() string {
	var out []string
	for e := range p.r.encodings {
		layers, sizes, keyframes := map[string]bool{}, map[string]bool{}, 0
		for _, packet := range p.received {
			if int(packet.Encoding) != e {
				continue
			}
			d := &packet.Desc
			layers[fmt.Sprintf("S%dT%d", d.Spatial, d.Temporal)] = true
			if d.Width != 0 {
				sizes[fmt.Sprintf("%dx%d", d.Width, d.Height)] = true
			}
			if d.Keyframe && d.Start {
				keyframes++
			}
		}
		sorted := func(m map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(m)), " ") }
		out = append(out, fmt.Sprintf("%s, %s, %d", sorted(layers), sorted(sizes), keyframes))
	}
	return strings.Join(out, " | ")
}

// TestRecordingsReplayed: every packet of every recording is parsed, but for probes and repairs of what is there; layers,
// sizes and keyframes are those that the browser was asked for.
func TestRecordingsReplayed(t *testing.T) {
	for _, r := range readRecordings(t) {
		p := newRecordedReplay(t, r)
		p.run(nil)
		got := p.what()
		if want := recordedContents[r.name]; got != want {
			t.Errorf("%s: %s; want %s", r.name, got, want)
		}
		for i, in := range p.inbounds {
			dropped := in.Stats().Dropped
			dropped[PaddingOnly], dropped[Duplicate] = 0, 0
			if dropped != [ReasonCount]uint64{} {
				t.Errorf("%s: encoding %d: dropped by reason: %v", r.name, i, dropped)
			}
		}
	}
}

const threeByThree = "S0T0 S0T1 S0T2 S1T0 S1T1 S1T2 S2T0 S2T1 S2T2, "

// recordedContents is what each recording has in it: of each encoding the layers, the sizes, and the keyframes.
var recordedContents = map[string]string{
	"chromium-av1-l1t3":              "S0T0 S0T1 S0T2, 320x180, 2",
	"chromium-av1-l3t3":              threeByThree + "960x540, 2",
	"chromium-av1-l3t3_key-changing": threeByThree + "480x270 960x540, 2",
	"chromium-av1-l3t3_key":          threeByThree + "960x540, 2",
	"chromium-av1-simulcast":         "S0T0 S0T1 S0T2, 80x45, 2 | S0T0 S0T1 S0T2, 160x90, 2 | S0T0 S0T1 S0T2, 320x180, 2",
	"chromium-h264-l1t1":             "S0T0, 320x180, 2",
	"chromium-h264-simulcast":        "S0T0, 80x44, 2 | S0T0, 160x90, 2 | S0T0, 320x180, 2",
	"chromium-opus":                  "S0T0, , 0",
	"chromium-red":                   "S0T0, , 0",
	"chromium-vp8-l1t3":              "S0T0 S0T1 S0T2, 320x180, 2",
	"chromium-vp8-simulcast":         "S0T0 S0T1 S0T2, 80x45, 2 | S0T0 S0T1 S0T2, 160x90, 2 | S0T0 S0T1 S0T2, 320x180, 2",
	"chromium-vp9-l1t3":              "S0T0 S0T1 S0T2, 320x180, 2",
	"chromium-vp9-l3t3-changing":     threeByThree + "240x135 960x540, 1",
	"chromium-vp9-l3t3":              threeByThree + "960x540, 2",
	"chromium-vp9-l3t3_key-changing": threeByThree + "240x135 960x540, 2",
	"chromium-vp9-l3t3_key":          threeByThree + "960x540, 2",
	"chromium-vp9-simulcast":         "S0T0 S0T1 S0T2, 80x45, 2 | S0T0 S0T1 S0T2, 160x90, 2 | S0T0 S0T1 S0T2, 320x180, 2",
	"firefox-av1-l1t1":               "S0T0, 320x180, 2",
	"firefox-opus":                   "S0T0, , 0",
	"firefox-vp8-simulcast":          "S0T0 S0T1, 320x180, 2 | S0T0 S0T1, 640x360, 2",
	"firefox-vp9-l1t1":               "S0T0, 320x180, 2",
}

// forwardedRecordings are all recordings, and those of VP9 once more without the dependency descriptor: Firefox does not
// offer it.
func forwardedRecordings(t testing.TB) []*recording {
	t.Helper()
	out := readRecordings(t)
	for _, r := range out {
		if r.codec == VP9 && r.extensions.DependencyDescriptor != 0 {
			plain := *r
			plain.name += " without descriptor"
			plain.extensions.DependencyDescriptor = 0
			out = append(out, &plain)
		}
	}
	return out
}

// TestRecordingsForwardedWhole: who asks for everything gets the largest encoding from its first keyframe on, and of
// the only encoding every packet with its payload whole.
func TestRecordingsForwardedWhole(t *testing.T) {
	for _, r := range forwardedRecordings(t) {
		p := newRecordedReplay(t, r)
		p.run(nil)
		if problems := newViewerModel(t, p).check(); len(problems) > 0 {
			t.Errorf("%s: %q", r.name, problems)
		}
		top := uint8(len(r.encodings) - 1)
		if last := p.choices[len(p.choices)-1]; last.Packet.Encoding != top {
			t.Errorf("%s: ends with encoding %d, want %d", r.name, last.Packet.Encoding, top)
		}
		whole := top == 0 && !strings.Contains(r.mode, "_KEY") // there the largest layer needs no others between keyframes
		if whole && len(p.sent) != len(p.received) {
			t.Errorf("%s: %d packets sent of %d", r.name, len(p.sent), len(p.received))
		}
	}
}

// TestRecordingsForwardedInLayers: the target changes again and again, and what is forwarded can always be decoded with
// what was forwarded before.
func TestRecordingsForwardedInLayers(t *testing.T) {
	for _, r := range forwardedRecordings(t) {
		if !r.codec.Video() {
			continue
		}
		for seed := range uint64(60) {
			rng := seeded(seed)
			p := newRecordedReplay(t, r)
			every := 3 + rng.IntN(20)
			p.run(func(i int, now time.Duration) {
				if i%every == 0 {
					p.forwarder.SetTarget(now, Layer{Spatial: int8(rng.IntN(4)), Temporal: int8(rng.IntN(4))})
				}
			})
			if problems := newViewerModel(t, p).check(); len(problems) > 0 {
				t.Errorf("%s: seed %d: %q", r.name, seed, problems)
				break
			}
		}
	}
}

// TestRecordingsForwardedAtEachLayer: who asks for one layer from the start gets frames of no other targets than that one.
func TestRecordingsForwardedAtEachLayer(t *testing.T) {
	for _, r := range forwardedRecordings(t) {
		if !strings.Contains(r.mode, "L3T3") {
			continue
		}
		for s := range int8(3) {
			for temporal := range int8(3) {
				p := newRecordedReplay(t, r)
				p.forwarder.SetTarget(0, Layer{Spatial: s, Temporal: temporal})
				p.run(nil)
				if problems := newViewerModel(t, p).check(); len(problems) > 0 {
					t.Errorf("%s at S%dT%d: %q", r.name, s, temporal, problems)
				}
				reached := false
				for _, c := range p.choices {
					d := &c.Packet.Desc
					if d.Spatial > s || d.Temporal > temporal {
						t.Fatalf("%s: asked for S%dT%d, got S%dT%d", r.name, s, temporal, d.Spatial, d.Temporal)
					}
					reached = reached || d.Spatial == s && d.Temporal == temporal
				}
				if !reached {
					t.Errorf("%s: asked for S%dT%d, never got it", r.name, s, temporal)
				}
			}
		}
	}
}
