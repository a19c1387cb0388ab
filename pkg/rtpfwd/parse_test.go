package rtpfwd

import (
	"bytes"
	"testing"

	"github.com/pion/rtp"
)

func TestParseHeader(t *testing.T) {
	csrcs := []byte{0x82, 0xe0, 0, 7, 0, 0, 0, 9, 0, 0, 3, 232, 1, 1, 1, 1, 2, 2, 2, 2, 0xaa}
	tests := []struct {
		name         string
		raw          []byte
		ok           bool
		payload, end int
	}{
		{"empty", nil, false, 0, 0},
		{"short", csrcs[:11], false, 0, 0},
		{"version 1", append([]byte{0x42}, csrcs[1:]...), false, 0, 0},
		{"two CSRCs", csrcs, true, 20, 21},
		{"CSRCs cut", csrcs[:19], false, 0, 0},
		{"no payload", csrcs[:20], true, 20, 20},
		{"extension cut in its header", append([]byte{0x90, 96}, make([]byte, 13)...), false, 0, 0},
		{"extension longer than the packet", append([]byte{0x90, 96}, append(make([]byte, 10), 0xbe, 0xde, 0, 1)...), false, 0, 0},
		{"empty extension", append([]byte{0x90, 96}, append(make([]byte, 10), 0xbe, 0xde, 0, 0, 7)...), true, 16, 17},
		{"padding 0", append([]byte{0xa0, 96}, append(make([]byte, 10), 5, 0)...), false, 0, 0},
		{"padding beyond the payload", append([]byte{0xa0, 96}, append(make([]byte, 10), 5, 3)...), false, 0, 0},
		{"padding without room", append([]byte{0xa0, 96}, make([]byte, 10)...), false, 0, 0},
		{"padding of two", append([]byte{0xa0, 96}, append(make([]byte, 10), 5, 0, 2)...), true, 12, 13},
		{"only padding", append([]byte{0xa0, 96}, append(make([]byte, 10), 0, 2)...), true, 12, 12},
		{"longer than 65,535", append([]byte{0x80, 96}, make([]byte, 65534)...), false, 0, 0},
	}
	for _, test := range tests {
		h, ok := parseHeader(test.raw)
		if ok != test.ok {
			t.Errorf("%s: ok %v", test.name, ok)
			continue
		}
		if ok && (h.payload != test.payload || h.end != test.end) {
			t.Errorf("%s: payload %d to %d, want %d to %d", test.name, h.payload, h.end, test.payload, test.end)
		}
	}
	h, _ := parseHeader(csrcs)
	if !h.marker || h.payloadType != 96 || h.seq != 7 || h.time != 9 || h.ssrc != 1000 {
		t.Errorf("fields: %+v", h)
	}
}

func TestExtensionOf(t *testing.T) {
	oneByte := []byte{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 2, 0x10, 0xaa, 0, 0x31, 1, 2, 0, 0, 9}
	twoByte := []byte{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x10, 0x05, 0, 2, 20, 0, 0, 3, 2, 7, 8, 0, 9}
	ended := []byte{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0xf0, 0x10, 5, 0, 9}
	lying := []byte{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0x10, 5, 0x2f, 1, 9}
	other := []byte{0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x12, 0x34, 0, 1, 0x10, 5, 0, 0, 9}
	tests := []struct {
		name string
		raw  []byte
		id   uint8
		want []byte
		ok   bool
	}{
		{"first", oneByte, 1, []byte{0xaa}, true},
		{"after padding", oneByte, 3, []byte{1, 2}, true},
		{"absent", oneByte, 2, nil, false},
		{"id 0", oneByte, 0, nil, false},
		{"two-byte, empty", twoByte, 20, []byte{}, true},
		{"two-byte", twoByte, 3, []byte{7, 8}, true},
		{"behind id 15", ended, 1, nil, false},
		{"before a lie", lying, 1, []byte{5}, true},
		{"a lie", lying, 2, nil, false},
		{"unknown profile", other, 1, nil, false},
		{"not RTP", []byte{1, 2, 3}, 1, nil, false},
	}
	for _, test := range tests {
		got, ok := ExtensionOf(test.raw, test.id)
		if ok != test.ok || !bytes.Equal(got, test.want) {
			t.Errorf("%s: %x %v, want %x %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

// TestParseLikePion compares with another implementation on packets of all forms.
func TestParseLikePion(t *testing.T) {
	rng := seeded(1)
	for range 2000 {
		b := testPacket{
			pt: uint8(rng.IntN(128)), seq: uint16(rng.Uint32()), time: rng.Uint32(), marker: rng.IntN(2) == 0,
			payload: make([]byte, rng.IntN(40)+1), padding: uint8(rng.IntN(3) * rng.IntN(120)),
			extensions: map[uint8][]byte{},
		}
		for range rng.IntN(5) {
			b.extensions[uint8(rng.IntN(14)+1)] = make([]byte, rng.IntN(20)+1)
		}
		raw := b.raw(t)
		h, ok := parseHeader(raw)
		if !ok {
			t.Fatalf("refused %x", raw)
		}
		if h.marker != b.marker || h.payloadType != b.pt || h.seq != b.seq || h.time != b.time || h.end-h.payload != len(b.payload) {
			t.Fatalf("%+v of %+v", h, b)
		}
		for id, want := range b.extensions {
			if got, ok := ExtensionOf(raw, id); !ok || !bytes.Equal(got, want) {
				t.Fatalf("extension %d: %x, want %x", id, got, want)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(testPacket{pt: ptVP8, payload: []byte{1, 2, 3}, padding: 4}.raw(f))
	f.Add(testPacket{pt: ptVP8, payload: []byte{1}, extensions: map[uint8][]byte{1: {2}, 3: make([]byte, 16)}}.raw(f))
	f.Add(testPacket{pt: ptVP8, payload: []byte{1}, extensions: map[uint8][]byte{200: make([]byte, 40), 3: {}}}.raw(f))
	for _, r := range readRecordings(f) {
		for _, p := range r.packets[:seedsPerRecording] {
			f.Add(p.raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h, ok := parseHeader(raw)
		if !ok {
			return
		}
		if h.payload < headerSize || h.payload > h.end || h.end > len(raw) {
			t.Fatalf("payload %d to %d of %d", h.payload, h.end, len(raw))
		}
		var reference rtp.Packet
		compare := reference.Unmarshal(raw) == nil && (h.profile == oneByteProfile || h.profile == twoByteProfile)
		w := h.walk()
		elements := map[uint8][]byte{}
		for id, place := w.next(raw); id != 0; id, place = w.next(raw) {
			if int(place.at) < h.extensionAt || int(place.at+place.size) > h.extensionEnd {
				t.Fatalf("element %d: %+v outside %d to %d", id, place, h.extensionAt, h.extensionEnd)
			}
			if _, again := elements[id]; !again {
				elements[id] = place.of(raw)
			}
		}
		for id, want := range elements {
			if got, ok := ExtensionOf(raw, id); !ok || !bytes.Equal(got, want) {
				t.Fatalf("ExtensionOf(%d) %x, want %x", id, got, want)
			}
			if known := reference.GetExtension(id); compare && !w.malformed && !bytes.Equal(known, want) {
				t.Fatalf("extension %d: %x, pion reads %x", id, want, known)
			}
		}
		if compare && !bytes.Equal(reference.Payload, raw[h.payload:h.end]) {
			t.Fatalf("payload %x, pion reads %x", raw[h.payload:h.end], reference.Payload)
		}
	})
}
