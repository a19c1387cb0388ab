package codec

import (
	"math/rand/v2"
	"testing"
)

// ddFrame is a frame, or a template, of the model.
type ddFrame struct {
	spatial, temporal int
	dtis              []int
	diffs             []int
	chains            []int
}

// ddStructure is a template structure of the model.
type ddModel struct {
	offset    int
	targets   int
	protected []int // by chain; empty without chains
	chains    int
	templates []ddFrame
	sizes     map[int][2]int // by spatial layer
}

// randomDD makes a structure that fits into an extension of 255 bytes or not:
// the parser does not care.
func randomDD(rng *rand.Rand) ddModel {
	m := ddModel{offset: rng.IntN(64), targets: 1 + rng.IntN(32)}
	m.chains = rng.IntN(m.targets + 1)
	if m.chains > 0 {
		for range m.targets {
			m.protected = append(m.protected, rng.IntN(m.chains))
		}
	}
	spatial, temporal := 0, 0
	for range 1 + rng.IntN(64) {
		m.templates = append(m.templates, m.randomFrame(rng, spatial, temporal, 16, 16))
		switch next := rng.IntN(6); {
		case next == 0 && temporal < 7:
			temporal++
		case next == 1 && spatial < 3:
			spatial, temporal = spatial+1, 0
		}
	}
	if rng.IntN(2) == 0 {
		m.sizes = map[int][2]int{}
		for i := range m.spatialLayers() {
			m.sizes[i] = [2]int{1 + rng.IntN(65536), 1 + rng.IntN(65536)}
		}
	}
	return m
}

// randomFrame makes a frame with differences up to maxDiff and chain differences
// below maxChain.
func (m ddModel) randomFrame(rng *rand.Rand, spatial, temporal, maxDiff, maxChain int) ddFrame {
	f := ddFrame{spatial: spatial, temporal: temporal}
	for range m.targets {
		f.dtis = append(f.dtis, rng.IntN(4)&(rng.IntN(4)|1))
	}
	for range rng.IntN(9) * rng.IntN(2) {
		f.diffs = append(f.diffs, 1+rng.IntN(maxDiff)>>rng.IntN(9))
	}
	for range m.chains {
		f.chains = append(f.chains, rng.IntN(maxChain))
	}
	return f
}

func (m ddModel) spatialLayers() int { return m.templates[len(m.templates)-1].spatial + 1 }

func (m ddModel) temporalLayers() int {
	highest := 0
	for _, t := range m.templates {
		highest = max(highest, t.temporal)
	}
	return highest + 1
}

// targetLayer is the highest layer of decode target i.
func (m ddModel) targetLayer(i int) (spatial, temporal int) {
	for _, t := range m.templates {
		if t.dtis[i] != 0 {
			spatial, temporal = max(spatial, t.spatial), max(temporal, t.temporal)
		}
	}
	return spatial, temporal
}

// write writes template_dependency_structure of appendix A.8.2.
func (m ddModel) write(w *bitWriter) {
	w.u(6, uint64(m.offset))
	w.u(5, uint64(m.targets-1))
	for i, t := range m.templates {
		switch {
		case i == len(m.templates)-1:
			w.u(2, 3)
		case m.templates[i+1].spatial > t.spatial:
			w.u(2, 2)
		case m.templates[i+1].temporal > t.temporal:
			w.u(2, 1)
		default:
			w.u(2, 0)
		}
	}
	for _, t := range m.templates {
		for _, dti := range t.dtis {
			w.u(2, uint64(dti))
		}
	}
	for _, t := range m.templates {
		for _, diff := range t.diffs {
			w.u(1, 1)
			w.u(4, uint64(diff-1))
		}
		w.u(1, 0)
	}
	w.ns(uint64(m.targets+1), uint64(m.chains))
	for _, chain := range m.protected {
		w.ns(uint64(m.chains), uint64(chain))
	}
	for _, t := range m.templates {
		for _, diff := range t.chains {
			w.u(4, uint64(diff))
		}
	}
	w.flag(m.sizes != nil)
	for i := range len(m.sizes) {
		w.u(16, uint64(m.sizes[i][0]-1))
		w.u(16, uint64(m.sizes[i][1]-1))
	}
}

// ddPacket is one packet of the model.
type ddPacket struct {
	start, end, structure, setActive, dtis, diffs, chains bool
	template, number                                      int
	active                                                uint64
	frame                                                 ddFrame // what the packet says in the end
}

// randomPacket makes a packet with its own values for some parts of the frame.
func (m ddModel) randomPacket(rng *rand.Rand, structure bool) ddPacket {
	coin := func() bool { return rng.IntN(2) == 0 }
	p := ddPacket{
		start: coin(), end: coin(), structure: structure, template: rng.IntN(len(m.templates)), number: rng.IntN(65536),
	}
	if p.structure || coin() {
		p.setActive, p.dtis, p.diffs, p.chains = coin(), coin(), coin(), coin()
	}
	p.active = rng.Uint64N(1 << m.targets)
	p.frame = m.templates[p.template]
	own := m.randomFrame(rng, 0, 0, 4096, 256)
	if p.dtis {
		p.frame.dtis = own.dtis
	}
	if p.diffs {
		p.frame.diffs = own.diffs
	}
	if p.chains {
		p.frame.chains = own.chains
	}
	return p
}

// encode writes dependency_descriptor of appendix A.8.2.
func (m ddModel) encode(p ddPacket) []byte {
	var w bitWriter
	w.flag(p.start)
	w.flag(p.end)
	w.u(6, uint64((m.offset+p.template)%64))
	w.u(16, uint64(p.number))
	if !p.structure && !p.setActive && !p.dtis && !p.diffs && !p.chains {
		return w.bytes()
	}
	for _, b := range []bool{p.structure, p.setActive, p.dtis, p.diffs, p.chains} {
		w.flag(b)
	}
	if p.structure {
		m.write(&w)
	}
	if p.setActive {
		w.u(m.targets, p.active)
	}
	if p.dtis {
		for _, dti := range p.frame.dtis {
			w.u(2, uint64(dti))
		}
	}
	if p.diffs {
		for _, diff := range p.frame.diffs {
			size := 3
			if diff <= 16 {
				size = 1
			} else if diff <= 256 {
				size = 2
			}
			w.u(2, uint64(size))
			w.u(4*size, uint64(diff-1))
		}
		w.u(2, 0)
	}
	if p.chains {
		for _, diff := range p.frame.chains {
			w.u(8, uint64(diff))
		}
	}
	return w.bytes()
}

// want is what the parser should say of the packet with these active targets.
func (m ddModel) want(p ddPacket, active uint64) Descriptor {
	d := empty()
	f := p.frame
	d.Start, d.End, d.PictureID, d.PictureIDBits = p.start, p.end, int32(p.number), 16
	d.FrameNumber = int32(p.number)
	d.Spatial, d.Temporal = int8(f.spatial), int8(f.temporal)
	d.SpatialLayers, d.TemporalLayers = uint8(m.spatialLayers()), uint8(m.temporalLayers())
	d.Keyframe = p.structure && p.start && len(f.diffs) == 0
	for i := range m.targets {
		if spatial, _ := m.targetLayer(i); active>>i&1 == 1 && spatial < f.spatial {
			d.Keyframe = false
		}
	}
	seen := map[int]int{}
	for _, dti := range f.dtis {
		seen[dti]++
	}
	d.Discardable = seen[1] > 0 && seen[2]+seen[3] == 0
	highest := -1
	for i := range m.targets {
		if active>>i&1 == 1 {
			spatial, _ := m.targetLayer(i)
			highest = max(highest, spatial)
		}
	}
	d.EndOfSuperframe = p.end && highest >= 0 && f.spatial >= highest
	if m.sizes != nil {
		d.Width = uint16(min(m.sizes[max(highest, 0)][0], 65535))
		d.Height = uint16(min(m.sizes[max(highest, 0)][1], 65535))
	}
	d.SwitchUp = m.switchesUp(f, active)
	m.wantTargets(&d, p, active)
	return d
}

// wantTargets fills in what the frame says of decode targets and references.
func (m ddModel) wantTargets(d *Descriptor, p ddPacket, active uint64) {
	d.HasTargets, d.TellsTargets = true, p.structure || p.setActive
	for i, dti := range p.frame.dtis {
		spatial, temporal := m.targetLayer(i)
		if dti != 0 {
			d.Present[spatial] |= 1 << temporal
		}
		if dti == 2 {
			d.SwitchTo[spatial] |= 1 << temporal
		}
		if active>>i&1 == 1 {
			d.Active[spatial] |= 1 << temporal
		}
	}
	d.Predicted = len(p.frame.diffs) > 0
	d.RefCount = uint8(len(p.frame.diffs))
	for i, diff := range p.frame.diffs {
		d.Refs[i] = uint16(diff)
	}
}

// switchesUp looks for the targets of the lowest spatial layer that is not below
// the frame's, then for the highest temporal layer in it; one of them must be a switch.
func (m ddModel) switchesUp(f ddFrame, active uint64) bool {
	for layer := f.spatial; layer < 4; layer++ {
		for temporal := 7; temporal >= 0; temporal-- {
			sent, switches := false, false
			for i := range m.targets {
				if s, t := m.targetLayer(i); s == layer && t == temporal {
					sent = sent || active>>i&1 == 1
					switches = switches || f.dtis[i] == 2
				}
			}
			if sent {
				return switches
			}
		}
	}
	return false
}

// TestDependencyModel sends random structures, each followed by random packets
// that refer to it, through one DependencyStructure.
func TestDependencyModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	var s DependencyStructure
	for range 1500 {
		m := randomDD(rng)
		active := uint64(1)<<m.targets - 1
		for i := range 8 {
			p := m.randomPacket(rng, i == 0)
			if p.setActive {
				active = p.active
			}
			ext := m.encode(p)
			d := dirty()
			err := ParseDependencyDescriptor(ext, &s, &d)
			if want := m.want(p, active); err != nil || visible(d) != want {
				t.Fatalf("%x %+v:\n got %+v, %v\nwant %+v", ext, p, d, err, want)
			}
			m.compare(t, &s, p.frame, active)
			m.rewriteActive(t, p, ext, &d, active, int8(rng.IntN(4)), int8(rng.IntN(8)))
			m.rewrite(t, p, ext, uint16(rng.Uint32()))
			m.cut(t, rng, ext, &s)
		}
	}
}

// compare checks what the structure keeps.
func (m ddModel) compare(t *testing.T, s *DependencyStructure, f ddFrame, active uint64) {
	t.Helper()
	if int(s.TargetCount) != m.targets || int(s.ChainCount) != m.chains || uint64(s.Active) != active {
		t.Fatalf("%d targets, %d chains, active %b; want %d, %d, %b", s.TargetCount, s.ChainCount, s.Active, m.targets, m.chains, active)
	}
	for i := range m.targets {
		spatial, temporal := m.targetLayer(i)
		want := DecodeTarget{Spatial: int8(spatial), Temporal: int8(temporal)}
		if m.chains > 0 {
			want.Chain = uint8(m.protected[i])
		}
		if s.Targets[i] != want || int(s.Frame.Target(i)) != f.dtis[i] {
			t.Fatalf("target %d: %+v %d, want %+v %d", i, s.Targets[i], s.Frame.Target(i), want, f.dtis[i])
		}
	}
	if len(s.Frame.Diffs()) != len(f.diffs) {
		t.Fatalf("differences %v, want %v", s.Frame.Diffs(), f.diffs)
	}
	for i, diff := range s.Frame.Diffs() {
		if int(diff) != f.diffs[i] {
			t.Fatalf("differences %v, want %v", s.Frame.Diffs(), f.diffs)
		}
	}
	for i, diff := range f.chains {
		if int(s.Frame.ChainDiff(i)) != diff {
			t.Fatalf("chain %d: %d, want %d", i, s.Frame.ChainDiff(i), diff)
		}
	}
}

// rewrite checks that a new frame number gives the packet that was encoded with it.
func (m ddModel) rewrite(t *testing.T, p ddPacket, ext []byte, number uint16) {
	t.Helper()
	RewriteDependencyDescriptor(ext, number)
	p.number = int(number)
	if want := m.encode(p); string(want) != string(ext) {
		t.Fatalf("rewritten %x, want %x", ext, want)
	}
}

// cut checks that an extension without its last byte is either an error or, where
// that byte was padding or the whole of the flags, read; and that an error leaves the structure.
func (m ddModel) cut(t *testing.T, rng *rand.Rand, ext []byte, s *DependencyStructure) {
	t.Helper()
	before := *s
	var d Descriptor
	if err := ParseDependencyDescriptor(ext[:rng.IntN(len(ext))], s, &d); err != nil && *s != before {
		t.Fatalf("%v changed the structure", err)
	}
	*s = before
}
