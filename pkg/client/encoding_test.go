package client

import (
	"errors"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// wire keeps what is sent.
type wire struct{ packets []rtp.Packet }

func (w *wire) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	w.packets = append(w.packets, rtp.Packet{Header: h.Clone(), Payload: payload})
	return len(payload), nil
}

func (w *wire) Write(b []byte) (int, error) { return len(b), nil }

// boundEncoding is one that sends into a wire: SSRC 5 and payload type 96, RTX 6 and 97.
func boundEncoding(rid string) (*Encoding, *wire) {
	w := &wire{}
	e := newEncoding(newParticipant(Config{}), &Format{Source: signaling.SourceCamera}, rid, webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000})
	e.writer, e.ssrc, e.rtxSSRC, e.pt, e.rtxPT = w, 5, 6, 96, 97
	e.ext = map[string]uint8{sdp.SDESMidURI: 1, sdp.SDESRTPStreamIDURI: 2, sdp.SDESRepairRTPStreamIDURI: 3, extDependency: 4, sdp.AudioLevelURI: 5}
	e.participant.hop.numberID.Store(6)
	e.name("7")
	e.pause(false)
	return e, w
}

func nack(ssrc uint32, seqs ...uint16) *rtcp.TransportLayerNack {
	return &rtcp.TransportLayerNack{MediaSSRC: ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(seqs)}
}

func TestEncodingAnswersNACKs(t *testing.T) {
	e, w := boundEncoding("q")
	for i := range historySize + 10 {
		if err := e.Send(uint32(i), Packet{Payload: []byte{byte(i), 1}, Marker: true}); err != nil {
			t.Fatal(err)
		}
	}
	w.packets = nil
	e.rtcp(time.Second, nack(5, 20, 21, 3, historySize+50)) // the last two are forgotten and not yet sent
	e.rtcp(time.Second+time.Millisecond, nack(5, 20))       // on its way
	e.rtcp(time.Second, nack(6, 22))                        // another's
	if len(w.packets) != 2 || e.Stats().Resent != 2 {
		t.Fatalf("%d packets, %+v", len(w.packets), e.Stats())
	}
	for i, p := range w.packets {
		seq := byte(20 + i)
		if p.SSRC != 6 || p.PayloadType != 97 || p.SequenceNumber != uint16(i) || p.Timestamp != uint32(seq) || !p.Marker ||
			string(p.Payload) != string([]byte{0, seq, seq, 1}) || string(p.GetExtension(1)) != "7" || string(p.GetExtension(3)) != "q" {
			t.Errorf("%+v", p)
		}
	}
	e.rtcp(time.Second+2*defaultRTT, nack(5, 20))
	if len(w.packets) != 3 {
		t.Error("after a round trip it must be sent again")
	}
}

// MID and RID are sent until the server reports on the SSRC; every packet has a transport-wide number of its own.
func TestEncodingBindsItsSSRC(t *testing.T) {
	e, w := boundEncoding("h")
	send := func() *rtp.Packet {
		if err := e.Send(1, Packet{Payload: []byte{1}, Level: 30, Voice: true}); err != nil {
			t.Fatal(err)
		}
		return &w.packets[len(w.packets)-1]
	}
	if p := send(); string(p.GetExtension(1)) != "7" || string(p.GetExtension(2)) != "h" || string(p.GetExtension(5)) != "\x9e" || string(p.GetExtension(6)) != "\x00\x01" {
		t.Errorf("%+v", p)
	}
	e.rtcp(0, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 9}}})
	if p := send(); p.GetExtension(1) == nil {
		t.Error("a report on another SSRC acknowledges nothing")
	}
	e.rtcp(0, &rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 5}}})
	if p := send(); p.GetExtension(1) != nil || p.GetExtension(2) != nil || string(p.GetExtension(6)) != "\x00\x03" {
		t.Errorf("%+v", p)
	}
}

// A long dependency descriptor makes the long form of header extensions, which a reader takes.
func TestEncodingSendsLongDescriptors(t *testing.T) {
	e, w := boundEncoding("")
	for _, size := range []int{3, 16, 17, 80} {
		if err := e.Send(1, Packet{Payload: []byte{1}, Descriptor: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
		b, err := w.packets[len(w.packets)-1].Marshal()
		if err != nil {
			t.Fatal(err)
		}
		var p rtp.Packet
		if err := p.Unmarshal(b); err != nil || len(p.GetExtension(4)) != size || string(p.GetExtension(1)) != "7" {
			t.Errorf("%d bytes: %v, %+v", size, err, p.Header)
		}
	}
}

func TestEncodingRemembersKeyframeRequests(t *testing.T) {
	e, _ := boundEncoding("")
	if !e.KeyframeWanted() || e.KeyframeWanted() {
		t.Error("the first frame must be a keyframe, and only that")
	}
	e.rtcp(0, &rtcp.PictureLossIndication{MediaSSRC: 4})
	if e.KeyframeWanted() {
		t.Error("that was for another")
	}
	e.rtcp(0, &rtcp.PictureLossIndication{MediaSSRC: 5})
	e.rtcp(0, &rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 5}}})
	if !e.KeyframeWanted() || e.KeyframeWanted() || e.Stats().KeyframeRequests != 2 {
		t.Errorf("%+v", e.Stats())
	}
	e.pause(true)
	if err := e.Send(1, Packet{Payload: []byte{1}}); !errors.Is(err, ErrIdle) || !e.Idle() {
		t.Errorf("a paused encoding sent: %v", err)
	}
	e.pause(false)
	if !e.KeyframeWanted() {
		t.Error("after a pause there must be a keyframe")
	}
}
