package rtpfwd

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// film puts pictures of one packet of 100 bytes each into a script's Replica, 100 ms apart: k a keyframe, 0 to 3 a layer.
func (s *script) film(e uint8, kinds string) {
	r := s.streams[e]
	for _, kind := range kinds {
		s.now += ms(100)
		p := &Packet{
			Seq: r.recent.newest + 1, Time: RTPTime(s.now * 90000 / time.Second), Arrival: s.now, Encoding: e, Codec: s.f.codec,
			Marker: true, Raw: make([]byte, 100), payloadStart: 12, payloadEnd: 100,
		}
		p.Desc = noDescriptor()
		p.Desc.Start, p.Desc.Keyframe = true, kind == 'k'
		switch kind {
		case '.': // lost
			r.recent.newest++
			continue
		case 'k':
		default:
			p.Desc.Temporal = int8(kind - '0')
		}
		r.Put(p)
	}
}

// chosen writes the numbers of choices, with s for a switch.
func chosen(choices []Choice) string {
	var out []string
	for _, c := range choices {
		text := fmt.Sprint(c.number)
		if c.Switch {
			text += "s"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestReplayTable(t *testing.T) {
	tests := []struct {
		name   string
		films  []string // by encoding, in this order
		supply Supply
		target Layer
		later  time.Duration
		limit  int
		want   string
		layer  Layer // current afterwards
	}{
		{"all since the keyframe", []string{"k00k000"}, OnRequest, Layer{0, 2}, 0, 1000, "1s 2 3 4", Layer{0, 2}},
		{"no keyframe", []string{"0000"}, OnRequest, Layer{0, 2}, 0, 1000, "", Layer{-1, -1}},
		{"a hole", []string{"k0.0"}, OnRequest, Layer{0, 2}, 0, 1000, "", Layer{-1, -1}},
		{"a hole before the keyframe", []string{"k0.0k0"}, OnRequest, Layer{0, 2}, 0, 1000, "1s 2", Layer{0, 2}},
		{"just young enough", []string{"k00"}, OnRequest, Layer{0, 2}, ms(5800), 1000, "1s 2 3", Layer{0, 2}},
		{"too old", []string{"k00"}, OnRequest, Layer{0, 2}, ms(5801), 1000, "", Layer{-1, -1}},
		{"old, and scarce", []string{"k00"}, Scarce, Layer{0, 2}, time.Hour, 1000, "1s 2 3", Layer{0, 2}},
		{"old, and none to be had", []string{"k00"}, NotToBeHad, Layer{0, 2}, time.Hour, 1000, "1s 2 3", Layer{0, 2}},
		{"just fits", []string{"k00"}, OnRequest, Layer{0, 2}, 0, 300, "1s 2 3", Layer{0, 2}},
		{"too much", []string{"k00"}, OnRequest, Layer{0, 2}, 0, 299, "", Layer{-1, -1}},
		{"too much, and scarce", []string{"k00"}, Scarce, Layer{0, 2}, 0, 299, "", Layer{-1, -1}},
		{"too much, and none to be had", []string{"k00"}, NotToBeHad, Layer{0, 2}, 0, 299, "1s 2 3", Layer{0, 2}},
		{"layers above the target", []string{"k2120212"}, OnRequest, Layer{0, 0}, 0, 1000, "1s 2", Layer{0, 0}},
		{"fewer layers fit", []string{"k2120212"}, OnRequest, Layer{0, 7}, 0, 450, "1s 2 3 4", Layer{0, 1}},
		{"base layer fits", []string{"k2120212"}, OnRequest, Layer{0, 7}, 0, 250, "1s 2", Layer{0, 0}},
		{"nothing wanted", []string{"k00"}, OnRequest, Layer{-1, 0}, 0, 1000, "", Layer{-1, -1}},
		{"the wanted encoding", []string{"k00", "k0"}, OnRequest, Layer{1, 2}, 0, 1000, "1s 2", Layer{1, 2}},
		{"the one below", []string{"k0", "k0.0"}, OnRequest, Layer{1, 2}, 0, 1000, "1s 2", Layer{0, 2}},
		{"the one below that fits", []string{"k0", "k000"}, NotToBeHad, Layer{1, 2}, 0, 250, "1s 2", Layer{0, 2}},
		{"never the one above", []string{"00", "k000"}, NotToBeHad, Layer{0, 2}, 0, 250, "", Layer{-1, -1}},
	}
	for _, test := range tests {
		s := newScript(t, VP8, len(test.films))
		for e, kinds := range test.films {
			s.film(uint8(e), kinds)
			s.streams[e].SetSupply(test.supply)
		}
		s.f.SetTarget(s.now, test.target)
		got := s.f.Replay(s.now+test.later, test.limit, nil)
		if chosen(got) != test.want || s.f.Current() != test.layer {
			t.Errorf("%s: %q at %v, want %q at %v", test.name, chosen(got), s.f.Current(), test.want, test.layer)
		}
		if again := s.f.Replay(s.now, 1000, nil); len(got) > 0 && len(again) > 0 {
			t.Errorf("%s: replayed twice", test.name)
		}
		if slices.ContainsFunc(got, func(c Choice) bool { return c.until == 0 }) {
			t.Errorf("%s: a choice does not tell the end of its replay", test.name)
		}
	}
}

// TestReplayGoesOn: live packets follow, upper layers at their switching point, and a wanted encoding at its keyframe.
func TestReplayGoesOn(t *testing.T) {
	s := newScript(t, VP8, 2)
	s.film(0, "k0202")
	s.f.SetTarget(s.now, Layer{1, 2})
	if got := chosen(s.f.Replay(s.now, 300, nil)); got != "1s 2 3" {
		t.Fatalf("replayed %q", got)
	}
	if e, ok := s.f.KeyframeWanted(); !ok || e != 1 {
		t.Errorf("keyframe wanted of %d, %v", e, ok)
	}
	next := func(b shot) shot {
		b.seq += s.streams[b.e].recent.newest - 100000
		b.time = RTPTime((s.now + ms(100)*time.Duration(b.seq)) * 90000 / time.Second)
		return b
	}
	s.want("", next(shot{seq: 1, tid: 2, flags: "sm"}))
	s.want("4m", next(shot{seq: 2, flags: "sm"}))
	s.want("5m", next(shot{seq: 3, tid: 2, flags: "sum"}))
	s.want("6sm", next(shot{e: 1, seq: 4, flags: "skm"}))
	if s.f.Current() != (Layer{1, 2}) {
		t.Errorf("current %v", s.f.Current())
	}
}

// TestReplayH264: parameter sets in packets of their own belong to the keyframe, and without them it is of no use.
func TestReplayH264(t *testing.T) {
	for _, test := range []struct {
		name, order string
		want        string
	}{
		{"in order", "psi01", "1s 2 3 4 5"},
		{"the first parameter set came late", "sip01", "1s 2 3 4 5"},
		{"it never came", "si01", ""},
		{"no parameter set at all", "-i01", "1s 2 3"},
	} {
		s := newScript(t, H264, 1)
		places := map[rune]SeqNo{'-': 19, 'p': 20, 's': 21, 'i': 22, '0': 23, '1': 24}
		if test.name == "no parameter set at all" {
			places['-'] = 21
		}
		for _, kind := range test.order {
			p := &Packet{Seq: places[kind], Time: 9000, Codec: H264, Raw: make([]byte, 50), payloadStart: 12, payloadEnd: 50}
			p.Desc = noDescriptor()
			switch kind {
			case 'p':
				p.Desc.Keyframe, p.Desc.Start, p.Desc.ParameterSet = true, true, true
			case 's':
				p.Desc.Start = true
			case 'i':
				p.Desc.Keyframe, p.Desc.Start = true, true
			case '-':
				p.Time = 3000
			default:
				p.Time = 9000 + 3000*RTPTime(kind-'0')
			}
			s.streams[0].Put(p)
		}
		s.f.SetTarget(0, Layer{})
		got := chosen(s.f.Replay(0, 1000, nil))
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestRepairByReplay: a running subscription starts anew if there is something, and else goes on.
func TestRepairByReplay(t *testing.T) {
	s := newScript(t, VP8, 1)
	s.film(0, "k00")
	s.f.SetTarget(s.now, Layer{})
	s.f.Replay(s.now, 1000, nil)
	if got := chosen(s.f.Repair(s.now, 1000, nil)); got != "4s 5 6" {
		t.Errorf("repaired by %q", got)
	}
	if got := chosen(s.f.Repair(s.now, 100, nil)); got != "" || s.f.Current().Spatial != 0 {
		t.Errorf("repaired by %q, current %v", got, s.f.Current())
	}
	s.f.Restart()
	if _, ok := s.f.KeyframeWanted(); !ok || s.f.Current().Spatial != -1 {
		t.Error("no keyframe is wanted after a restart")
	}
}
