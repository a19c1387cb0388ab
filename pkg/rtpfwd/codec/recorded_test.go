package codec

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// recorded is one packet of testdata/chromium.txt.
type recorded struct {
	time       uint32
	marker     bool
	payload    []byte
	dependency []byte
}

// readRecorded reads the packets by the name of their stream.
func readRecorded(t *testing.T) map[string][]recorded {
	t.Helper()
	file, err := os.Open("testdata/chromium.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	streams, name := map[string][]recorded{}, ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if fields[0] == "#" {
			continue
		}
		if fields[0] == "stream" {
			name = fields[1]
			continue
		}
		time, err := strconv.ParseUint(fields[0], 10, 32)
		if err != nil || len(fields) != 4 {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		p := recorded{time: uint32(time), marker: fields[1] == "1", payload: unhex(fields[2])}
		if fields[3] != "-" {
			p.dependency = unhex(fields[3])
		}
		streams[name] = append(streams[name], p)
	}
	return streams
}

// summary is what a stream has in it.
type summary struct {
	layers, sizes map[string]bool
	keyframes     int
}

func newSummary() summary { return summary{map[string]bool{}, map[string]bool{}, 0} }

func (s *summary) add(d Descriptor) {
	s.layers[fmt.Sprintf("S%dT%d", d.Spatial, d.Temporal)] = true
	if d.Width != 0 {
		s.sizes[fmt.Sprintf("%dx%d", d.Width, d.Height)] = true
	}
	if d.Keyframe {
		s.keyframes++
	}
}

func (s *summary) String() string {
	sorted := func(m map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(m)), " ") }
	return fmt.Sprintf("%s, %s, %d keyframes", sorted(s.layers), sorted(s.sizes), s.keyframes)
}

const (
	threeTemporal = "S0T0 S0T1 S0T2"
	threeByThree  = "S0T0 S0T1 S0T2 S1T0 S1T1 S1T2 S2T0 S2T1 S2T2"
)

// TestRecordedPayloads parses what a browser sent, without dependency
// descriptors, and checks that it fits to the RTP header.
func TestRecordedPayloads(t *testing.T) {
	streams := readRecorded(t)
	for _, c := range []struct {
		name  string
		parse func([]byte, *Descriptor) error
		want  string
	}{
		{"vp8-L1T3", ParseVP8, threeTemporal + ", 640x360, 1 keyframes"},
		{"vp8-L1T3-dependency", ParseVP8, "S0T0, 640x360, 1 keyframes"}, // libwebrtc then leaves the layer out
		{"vp9-L1T3", ParseVP9, threeTemporal + ", 640x360, 1 keyframes"},
		{"vp9-L3T3_KEY", ParseVP9, threeByThree + ", 1280x720 640x360, 2 keyframes"},
		{"av1-L1T3", ParseAV1, threeTemporal + ", 640x360, 1 keyframes"},
		{"av1-L3T3_KEY", ParseAV1, threeByThree + ", 1280x720, 2 keyframes"},
		{"av1-L2T2", ParseAV1, "S0T0 S0T1 S1T0 S1T1, 1280x720, 1 keyframes"},
		{"h264-L1T1", ParseH264, "S0T0, 640x360, 2 keyframes"}, // parameter sets and IDR
	} {
		got := newSummary()
		var last uint32
		for i, p := range streams[c.name] {
			d, err := checkPayload(t, c.parse, p.payload)
			if err != nil {
				t.Fatalf("%s, packet %d: %v", c.name, i, err)
			}
			if p.time != last && !d.Start {
				t.Errorf("%s, packet %d: new timestamp, no Start", c.name, i)
			}
			if d.EndOfSuperframe && !p.marker {
				t.Errorf("%s, packet %d: end of the picture, no marker", c.name, i)
			}
			last = p.time
			got.add(d)
		}
		if got.String() != c.want {
			t.Errorf("%s: %s; want %s", c.name, &got, c.want)
		}
	}
}

// TestRecordedDependencies parses the dependency descriptors and checks that they
// fit to the RTP header and to the payload.
func TestRecordedDependencies(t *testing.T) {
	streams := readRecorded(t)
	for _, c := range []struct {
		name  string
		parse func([]byte, *Descriptor) error
		want  string
	}{
		{"vp8-L1T3-dependency", ParseVP8, threeTemporal + ", 640x360, 1 keyframes"},
		{"vp9-L3T3_KEY", ParseVP9, threeByThree + ", 1280x720 640x360, 2 keyframes"},
		{"av1-L1T3", ParseAV1, threeTemporal + ", 640x360, 1 keyframes"},
		{"av1-L3T3_KEY", ParseAV1, threeByThree + ", 1280x720 640x360, 2 keyframes"},
		{"av1-L2T2", ParseAV1, "S0T0 S0T1 S1T0 S1T1, 1280x720 640x360, 1 keyframes"},
	} {
		got := newSummary()
		var s DependencyStructure
		for i, p := range streams[c.name] {
			var d, payload Descriptor
			if err := ParseDependencyDescriptor(p.dependency, &s, &d); err != nil {
				t.Fatalf("%s, packet %d: %v", c.name, i, err)
			}
			if err := c.parse(p.payload, &payload); err != nil {
				t.Fatalf("%s, packet %d: %v", c.name, i, err)
			}
			if d.Start != payload.Start || d.Keyframe != payload.Keyframe {
				t.Errorf("%s, packet %d: %+v, payload says %+v", c.name, i, d, payload)
			}
			sameLayer := d.Spatial == payload.Spatial && d.Temporal == payload.Temporal
			if payload.Temporal+payload.Spatial > 0 && !sameLayer {
				t.Errorf("%s, packet %d: layer of %+v, payload says %+v", c.name, i, d, payload)
			}
			if d.EndOfSuperframe && !p.marker || p.marker && !d.End {
				t.Errorf("%s, packet %d: %+v, marker %t", c.name, i, d, p.marker)
			}
			got.add(d)
		}
		if got.String() != c.want {
			t.Errorf("%s: %s; want %s", c.name, &got, c.want)
		}
	}
}

// TestRecordedActiveTargets rewrites the recorded descriptors for a receiver that gets
// fewer layers: the same frames, and no active decode target above those layers.
func TestRecordedActiveTargets(t *testing.T) {
	streams := readRecorded(t)
	for name, telling := range map[string]int{
		"vp8-L1T3-dependency": 1, "vp9-L3T3_KEY": 2, "av1-L1T3": 1, "av1-L3T3_KEY": 9, "av1-L2T2": 10,
	} {
		var from, to DependencyStructure
		for i, p := range streams[name] {
			var d, got Descriptor
			var dst [maxDescriptor]byte
			if err := ParseDependencyDescriptor(p.dependency, &from, &d); err != nil {
				t.Fatalf("%s, packet %d: %v", name, i, err)
			}
			n := len(p.dependency)
			if d.TellsTargets {
				n = RewriteActiveTargets(dst[:], p.dependency, &d, 1, 1)
				telling--
			} else {
				copy(dst[:], p.dependency)
			}
			if err := ParseDependencyDescriptor(dst[:n], &to, &got); err != nil {
				t.Fatalf("%s, packet %d: %v", name, i, err)
			}
			want := [4]uint8{d.Active[0] & 0b11, d.Active[1] & 0b11}
			if got.Active != want || got.Present != d.Present || got.Refs != d.Refs || got.FrameNumber != d.FrameNumber {
				t.Errorf("%s, packet %d: %+v became %+v", name, i, d, got)
			}
		}
		if telling != 0 {
			t.Errorf("%s: %d descriptors too few told of active targets", name, telling)
		}
	}
}
