package rtpfwd

import (
	"bytes"
	"slices"
	"testing"
)

// restoredFrom lists what p brings besides itself.
func restoredFrom(in *Inbound, p *Packet) (out []*Packet) {
	for lost := new(Packet); in.Restore(p, lost); lost = new(Packet) {
		out = append(out, lost)
	}
	return out
}

// repeating is RED at 20 ms a number that repeats what was these offsets before.
func repeating(seq uint16, offsets ...uint32) testPacket {
	var blocks []redBlock
	for _, o := range append(offsets, 0) {
		blocks = append(blocks, redBlock{o, []byte{byte(uint32(seq) - o/960), 7}})
	}
	return testPacket{pt: ptRED, seq: seq, time: 960 * uint32(seq), payload: redPayload(ptOpus, blocks...), extensions: map[uint8][]byte{4: {5}}}
}

func TestRestore(t *testing.T) {
	empty := repeating(4, 960)
	empty.payload = redPayload(ptOpus, redBlock{960, nil}, redBlock{0, []byte{4}})
	shifted := repeating(4, 960)
	shifted.time += 48000 // a pause: 3 is sampled just before 4, and surely after 2
	for _, c := range []struct {
		name string
		last testPacket // after 1 and 2
		want []byte
	}{
		{"one of one", repeating(4, 960), []byte{3}},
		{"one of two repeated", repeating(4, 1920, 960), []byte{3}},
		{"two of two", repeating(5, 1920, 960), []byte{3, 4}},
		{"two of three repeated", repeating(5, 2880, 1920, 960), []byte{3, 4}},
		{"after a pause", shifted, []byte{3}},
		{"nothing is lost", repeating(3, 960), nil},
		{"two are lost, one is repeated: whose number has it?", repeating(5, 960), nil},
		{"one is lost, and was padding", repeating(4, 1920), nil},
		{"more were sampled than numbers are missing", repeating(4, 960, 480), nil},
		{"not in order", repeating(5, 960, 1920), nil},
		{"of the same time as the packet", repeating(4, 0), nil},
		{"no bytes", empty, nil},
		{"not RED", sound(4, 4), nil},
		{"a long gap", repeating(12, 960*7, 960*6, 960*5, 960*4, 960*3, 960*2, 960), nil},
	} {
		in := newTestInbound(0, 48000)
		mustReceive(t, in, 0, sound(1, 1).raw(t))
		first := mustReceive(t, in, 0, sound(2, 2).raw(t))
		p := mustReceive(t, in, ms(60), c.last.raw(t))
		var got []byte
		for i, q := range restoredFrom(in, p) {
			got = append(got, q.Payload()[0])
			if q.Seq != first.Seq+SeqNo(i)+1 || q.Codec != Opus || q.PayloadType != ptOpus || q.HasLevel || q.Arrival != ms(60) ||
				!bytes.Equal(q.Payload(), []byte{q.Payload()[0], 7}) || !bytes.Equal(q.Primary(), q.Payload()) || q.Time >= p.Time {
				t.Errorf("%s: %+v", c.name, q)
			}
		}
		if !bytes.Equal(got, c.want) || in.Stats().Restored != uint64(len(c.want)) {
			t.Errorf("%s: restored %v, want %v", c.name, got, c.want)
		}
		if more := restoredFrom(in, p); len(more) != 0 {
			t.Errorf("%s: %d more in a second round", c.name, len(more))
		}
		if asked := in.Nacks(ms(1000), 0, nil); len(asked) != int(p.Seq-first.Seq)-1-len(c.want) {
			t.Errorf("%s: asked for %v", c.name, asked)
		}
	}
}

// TestRestoredComesLate: it is a duplicate, and was not lost on the way.
func TestRestoredComesLate(t *testing.T) {
	in := newTestInbound(0, 48000)
	mustReceive(t, in, 0, sound(2, 2).raw(t))
	if got := restoredFrom(in, mustReceive(t, in, ms(60), repeating(4, 960).raw(t))); len(got) != 1 {
		t.Fatalf("%d restored", len(got))
	}
	if lost := in.Stats().Lost; lost != 1 {
		t.Errorf("%d lost by the books of the path, want 1", lost)
	}
	for range 2 {
		if r := in.Receive(ms(60), sound(3, 3).raw(t), new(Packet)); r != Duplicate {
			t.Errorf("it comes: %v", r)
		}
	}
	if s := in.Stats(); s.Lost != 0 || s.Restored != 1 || s.Duplicates != 2 {
		t.Errorf("%+v", s)
	}
	p := mustReceive(t, in, ms(80), repeating(6, 960).raw(t))
	in.Receive(ms(80), sound(3, 3).raw(t), new(Packet))
	if got := restoredFrom(in, p); len(got) != 0 {
		t.Errorf("%d restored from a packet that is not the last one", len(got))
	}
}

// TestRestoreModel: whatever a path loses, doubles and displaces, a restored packet is what
// was sent under its number, and no number comes twice.
func TestRestoreModel(t *testing.T) {
	for seed := range uint64(8) {
		rng := seeded(seed)
		in, source := newTestInbound(0, 48000), &soundSource{forms: "rrrrrrrro"}
		late, used, restored := map[int][]int{}, map[SeqNo]bool{}, 0
		take := func(p *Packet, truth *soundPacket) {
			if used[p.Seq] || uint32(p.Time) != truth.time || !bytes.Equal(p.Primary(), truth.data) {
				t.Fatalf("seed %d: number %d, used %v, time %d: %x, want %+v", seed, p.Seq, used[p.Seq], p.Time, p.Primary(), truth)
			}
			used[p.Seq] = true
		}
		arrive := func(number int) {
			p := new(Packet)
			if in.Receive(0, source.sent[number].raw(t), p) != None {
				return
			}
			base := int(p.Seq) - number
			got := restoredFrom(in, p)
			for _, q := range got {
				take(q, &source.sent[int(q.Seq)-base])
				restored++
			}
			if !slices.IsSortedFunc(append(got, p), func(a, b *Packet) int { return int(a.Seq - b.Seq) }) {
				t.Fatal("restored packets are not in order")
			}
			take(p, &source.sent[number])
		}
		for step := range 3000 {
			if source.at += 960; source.pause > 0 {
				source.pause--
				continue
			}
			number := source.next(rng.IntN).number
			switch rng.IntN(10) {
			case 0, 1: // lost
			case 2:
				at := step + 1 + rng.IntN(4)
				late[at] = append(late[at], number)
			case 3:
				late[step] = append(late[step], number)
				fallthrough
			default:
				arrive(number)
			}
			for _, n := range late[step] {
				arrive(n)
			}
		}
		if restored < 150 {
			t.Errorf("seed %d: %d restored", seed, restored)
		}
	}
}

// FuzzRestore: whatever is sent, no number comes twice, and nothing lies outside its packet.
func FuzzRestore(f *testing.F) {
	f.Add(repeating(5, 1920, 960).payload, []byte{1, 1, 3, 2, 9, 0x82})
	f.Add(repeating(5, 960, 960).payload, []byte{1, 2, 0x82, 2, 2, 0xff})
	f.Add([]byte{ptOpus}, []byte{2, 2})
	f.Fuzz(func(t *testing.T, payload, steps []byte) {
		in, seq, used := newTestInbound(0, 48000), uint16(0), map[SeqNo]bool{}
		for i, step := range steps {
			seq += uint16(int8(step<<1) >> 1)
			b := testPacket{pt: ptRED, seq: seq, time: uint32(seq) * 960, payload: payload}
			if step&0x80 != 0 {
				b.pt, b.time = ptOpus, uint32(i)*480
			}
			p := new(Packet)
			if in.Receive(ms(i), b.raw(t), p) != None {
				continue
			}
			for _, q := range append(restoredFrom(in, p), p) {
				if used[q.Seq] || len(q.Payload()) > len(payload) {
					t.Fatalf("number %d, used %v, %d bytes", q.Seq, used[q.Seq], len(q.Payload()))
				}
				used[q.Seq] = true
			}
		}
	})
}
