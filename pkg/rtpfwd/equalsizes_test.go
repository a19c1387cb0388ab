package rtpfwd

import (
	"bytes"
	"slices"
	"testing"
)

// rowOf makes packets of these payload sizes. An Encoding for each is optional.
func rowOf(sizes []int, encodings ...uint8) (row []*Packet) {
	for i, n := range sizes {
		p := &Packet{Codec: VP8, Raw: make([]byte, headerSize+n), payloadStart: headerSize, payloadEnd: uint16(headerSize + n)}
		if len(encodings) > 0 {
			p.Encoding = encodings[i]
		}
		row = append(row, p)
	}
	return row
}

func padsOf(row []*Packet) []uint8 {
	pads := bytes.Repeat([]byte{0xee}, len(row))
	EqualSizes(row, pads)
	return pads
}

// messages counts the runs of equal size that end with a shorter one or not.
func messages(sizes []int) (n int) {
	for i := 0; i < len(sizes); n++ {
		size := sizes[i]
		for i++; i < len(sizes) && sizes[i] <= size; i++ {
			if sizes[i] < size {
				i++
				break
			}
		}
	}
	return n
}

func TestEqualSizes(t *testing.T) {
	for name, c := range map[string]struct {
		sizes     []int
		encodings []uint8
		want      []uint8
	}{
		"none":                         {nil, nil, nil},
		"one":                          {[]int{1100}, nil, []uint8{0}},
		"equal":                        {[]int{1100, 1100, 1100}, nil, []uint8{0, 0, 0}},
		"as libwebrtc divides a frame": {[]int{1121, 1121, 1122, 1122}, nil, []uint8{1, 1, 0, 0}},
		"the last may be shorter":      {[]int{1122, 1122, 1121}, nil, []uint8{0, 0, 0}},
		"a first one for its header":   {[]int{1182, 1190, 1191, 1191, 1178}, nil, []uint8{9, 1, 0, 0, 0}},
		"two frames":                   {[]int{1100, 1101, 900, 901, 902}, nil, []uint8{1, 0, 0, 1, 0}},
		"too far apart":                {[]int{1100, 1117}, nil, []uint8{0, 0}},
		"16 bytes":                     {[]int{1100, 1116}, nil, []uint8{16, 0}},
		"too far apart for their size": {[]int{100, 102, 103}, nil, []uint8{0, 1, 0}},
		"empty ones":                   {[]int{0, 0, 1}, nil, []uint8{0, 0, 0}},
		"encodings mixed":              {[]int{1100, 500, 1101, 501}, []uint8{2, 0, 2, 0}, []uint8{1, 1, 0, 0}},
		"an encoding that cannot be":   {[]int{1100, 1101}, []uint8{99, 99}, []uint8{0, 0}},
	} {
		if got := padsOf(rowOf(c.sizes, c.encodings...)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	row := rowOf([]int{100, 101})
	row[0].Codec, row[1].Codec = Opus, Opus
	if got := padsOf(row); got[0] != 0 || got[1] != 0 {
		t.Errorf("audio gets %v", got)
	}
	row = rowOf([]int{1000, 1010})
	row[0].present, row[0].extensions[dependencyDescriptor] = 1<<dependencyDescriptor, span{0, 7}
	if got := padsOf(row); got[0] != 2 {
		t.Errorf("a packet with 8 bytes more in its header gets %d, want 2", got[0])
	}
}

// Whatever the sizes: no packet grows over the largest one or by more than 16 bytes, and there are never more messages than before.
func FuzzEqualSizes(f *testing.F) {
	f.Add([]byte{100, 100, 101, 101, 90, 90, 91}, uint8(1))
	f.Add([]byte{1, 200, 0, 0, 255, 254, 253}, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, encodings uint8) {
		var sizes []int
		var es []uint8
		for i, n := range b {
			sizes, es = append(sizes, 950+int(n)), append(es, uint8(i)%max(encodings, 1))
		}
		pads := padsOf(rowOf(sizes, es...))
		for e := range min(encodings, maxEncodings) {
			var before, after []int
			for i := range sizes {
				if es[i] == e {
					before, after = append(before, sizes[i]), append(after, sizes[i]+int(pads[i]))
				}
				if int(pads[i]) > maxEvening {
					t.Fatalf("%d bytes of padding", pads[i])
				}
			}
			if len(before) > 0 && slices.Max(after) > slices.Max(before) {
				t.Fatalf("%v became %v", before, after)
			}
			if messages(after) > messages(before) {
				t.Fatalf("%d messages became %d: %v, %v", messages(before), messages(after), before, after)
			}
		}
	})
}

func TestPaddingIsNoMedia(t *testing.T) {
	s := newSlot(t, VP8, outConfig())
	send := func(seq uint16, pad uint8, room int) []byte {
		c := s.choices(testPacket{pt: ptVP8, seq: seq, time: 7, payload: vp8{start: seq == 1, key: seq == 1, body: make([]byte, 50)}.payload()})
		c[0].Pad = pad
		buf := bytes.Repeat([]byte{0xee}, 1500)
		return buf[:s.o.Rewrite(s.now, c[0], buf[:room])]
	}
	plain := send(1, 0, 1500)
	padded := send(2, 9, 1500)
	one := send(3, 1, 1500)
	tight := send(4, 16, len(one)+14)
	if p := parsed(t, padded); !p.Padding || p.PaddingSize != 9 || len(p.Payload) != 56 || len(padded) != headerSize+4+56+9 {
		t.Errorf("%d bytes: %+v, %d of payload", len(padded), p.Header, len(p.Payload))
	}
	if p := parsed(t, one); p.PaddingSize != 1 || len(p.Payload) != 56 {
		t.Errorf("%+v, %d bytes of payload", p.Header, len(p.Payload))
	}
	if p := parsed(t, tight); p.Padding || len(p.Payload) != 56 || parsed(t, plain).Padding {
		t.Errorf("%+v: there was no room", p.Header)
	}
	if s.o.reports.octets != uint32(4*56+10) { // the first one has 10 bytes more
		t.Errorf("sender reports tell of %d octets", s.o.reports.octets)
	}
	if st := s.o.Stats(); st.Bytes != uint64(len(plain)+len(padded)+len(one)+len(tight)) {
		t.Errorf("%d bytes are counted", st.Bytes)
	}
	buf := make([]byte, 1500)
	n := s.o.Resend(s.now, Resend{Seq: firstCycle + 101}, buf)
	if p := parsed(t, buf[:n]); p.SSRC != 6 || p.Padding || len(p.Payload) != osnSize+56 {
		t.Errorf("the repair: %+v, %d bytes of payload", p.Header, len(p.Payload))
	}
}

// Without a repair stream a resend must have the bytes of the first sending, of which the padding is not known any more.
func TestNoPaddingWithoutRepairs(t *testing.T) {
	config := outConfig()
	config.RTXSSRC = 0
	for name, s := range map[string]*slot{"video": newSlot(t, VP8, config), "audio": newSlot(t, Opus, outConfig())} {
		b := testPacket{pt: ptVP8, seq: 1, payload: vp8{start: true, key: true}.payload()}
		if name == "audio" {
			b = testPacket{pt: ptOpus, seq: 1, payload: []byte{1, 2, 3}}
		}
		c := s.choices(b)[0]
		c.Pad = 5
		if p := parsed(t, s.rewrite(c)); p.Padding {
			t.Errorf("%s: %+v", name, p.Header)
		}
	}
}
