package sfu

import (
	"testing"

	"github.com/pion/rtcp"
)

// FuzzCompound cuts a datagram into packets: each has its header, all of them lie inside, and it comes to an end.
func FuzzCompound(f *testing.F) {
	compound, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: 1}, &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 2},
		&rtcp.TransportLayerCC{Header: rtcp.Header{Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: 4}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(compound)
	f.Add(compound[:len(compound)-1])
	f.Add([]byte{0x80, 201, 0xff, 0xff})
	f.Add([]byte{0x80, 201, 0, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		for len(raw) > 0 {
			n := rtcpLength(raw)
			if n == 0 {
				return
			}
			if n < 4 || n > len(raw) || n%4 != 0 {
				t.Fatalf("%d of %d bytes", n, len(raw))
			}
			_ = isTransportCC(raw[:n])
			raw = raw[n:]
		}
	})
}

func TestCompoundIsCut(t *testing.T) {
	raw := append([]byte{0x8f, 205, 0, 4}, make([]byte, 16)...)
	raw = append(raw, 0x80, 201, 0, 1, 0, 0, 0, 1)
	if n := rtcpLength(raw); n != 20 || !isTransportCC(raw[:n]) {
		t.Errorf("feedback of 20 bytes is taken for %d", n)
	}
	if n := rtcpLength(raw[20:]); n != 8 || isTransportCC(raw[20:]) {
		t.Errorf("a report of 8 bytes is taken for %d", n)
	}
	for _, broken := range [][]byte{nil, {0x80}, {0x80, 201, 0}, {0x40, 201, 0, 0}, {0x80, 201, 0, 1, 0, 0, 0}} {
		if n := rtcpLength(broken); n != 0 {
			t.Errorf("%x has %d bytes", broken, n)
		}
	}
}
