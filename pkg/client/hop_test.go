package client

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

func TestHopAcknowledgesWhatCame(t *testing.T) {
	var h hop
	var d sdp.SessionDescription
	text := "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=extmap:3 " + sdp.TransportCCURI + "\r\n"
	if err := d.UnmarshalString(text); err != nil {
		t.Fatal(err)
	}
	h.learn(&d)
	arrive := func(number uint16) {
		p := &rtp.Packet{Header: rtp.Header{SSRC: 9}}
		if err := p.SetExtension(3, []byte{byte(number >> 8), byte(number)}); err != nil {
			t.Fatal(err)
		}
		h.arrived(time.Duration(number)*time.Millisecond, p)
	}
	if h.feedback() != nil {
		t.Error("nothing came")
	}
	for _, n := range []uint16{100, 101, 103} {
		arrive(n)
	}
	h.arrived(0, &rtp.Packet{}) // without a number
	packets := h.feedback()
	if len(packets) != 1 {
		t.Fatalf("%d packets", len(packets))
	}
	fb, ok := packets[0].(*rtcp.TransportLayerCC)
	if !ok || fb.BaseSequenceNumber != 100 || fb.PacketStatusCount != 4 || len(fb.RecvDeltas) != 3 {
		t.Errorf("%+v", packets[0])
	}
	if h.feedback() != nil {
		t.Error("it was acknowledged twice")
	}
}

func TestHopLearnsTheRoundTrip(t *testing.T) {
	var h hop
	if h.roundTrip() != defaultRTT {
		t.Error("nothing is known yet")
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	answer := func(ssrc uint32, held, rtt time.Duration) {
		sent := uint32(ntp(now.Add(-held-rtt)) >> 16)
		h.answered(ntp(now), &rtcp.ExtendedReport{Reports: []rtcp.ReportBlock{&rtcp.DLRRReportBlock{
			Reports: []rtcp.DLRRReport{{SSRC: ssrc, LastRR: sent, DLRR: uint32(held.Seconds() * 65536)}},
		}}})
	}
	answer(2, time.Second, 50*time.Millisecond)
	if h.roundTrip() != defaultRTT {
		t.Error("that was for another")
	}
	answer(ownSSRC, time.Second, 50*time.Millisecond)
	if d := h.roundTrip() - 50*time.Millisecond; d.Abs() > time.Millisecond {
		t.Errorf("%v", h.roundTrip())
	}
	answer(ownSSRC, 0, -time.Second) // a clock that was set
	if d := h.roundTrip() - 50*time.Millisecond; d.Abs() > time.Millisecond {
		t.Errorf("%v", h.roundTrip())
	}
}
