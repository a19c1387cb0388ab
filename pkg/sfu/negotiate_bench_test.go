package sfu

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// BenchmarkNegotiate is the largest part of a join: a Transport, and the answer to its first offer.
func BenchmarkNegotiate(b *testing.B) {
	s := benchServer(b)
	for _, slots := range [][2]int{{1, 1}, {3, 4}, {3, 49}} {
		b.Run(fmt.Sprintf("%d+%d", slots[0], slots[1]), func(b *testing.B) {
			o := offerOfSlots(b, slots[0], slots[1])
			b.ReportAllocs()
			for b.Loop() {
				p := newParticipant(s, signaling.JoinRequest{Claims: &signaling.Claims{Identity: "bench", Room: "bench"}})
				p.mu.Lock()
				_, _, err := p.negotiate(context.Background(), o, nil)
				p.mu.Unlock()
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				p.close()
				b.StartTimer()
			}
		})
	}
}

func benchServer(b *testing.B) *Server {
	for port := 21000; ; port++ {
		s, err := New(Config{UDPPort: port, NodeIPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")}})
		if errors.Is(err, ErrPortTaken) {
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := s.Close(context.Background()); err != nil {
				b.Error(err)
			}
		})
		return s
	}
}

// offerOfSlots is an offer of a participant who publishes nothing and takes all that we know.
func offerOfSlots(tb testing.TB, audio, video int) *signaling.Offer {
	m := &webrtc.MediaEngine{}
	if err := registerMedia(m); err != nil {
		tb.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		tb.Fatal(err)
	}
	defer pc.Close() // only its offer is wanted
	out := &signaling.Offer{Rev: 1}
	for i := range audio + video {
		kind := webrtc.RTPCodecTypeAudio
		if i >= audio {
			kind = webrtc.RTPCodecTypeVideo
		}
		if _, err := pc.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			tb.Fatal(err)
		}
		out.Slots = append(out.Slots, signaling.SlotOffer{MID: fmt.Sprint(i), Kind: signaling.SlotKind(kind.String())})
	}
	o, err := pc.CreateOffer(nil)
	if err != nil {
		tb.Fatal(err)
	}
	out.SDP = o.SDP
	return out
}
