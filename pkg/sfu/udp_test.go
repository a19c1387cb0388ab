package sfu

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// realServer is a server on ports of this machine; all other scenarios run in virtual time on a network in memory.
func realServer(t testing.TB, c Config) *Server {
	t.Helper()
	for c.UDPPort = 27700; c.UDPPort < 27800; c.UDPPort++ {
		srv, err := New(c)
		if errors.Is(err, ErrPortTaken) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeServer(t, srv) })
		return srv
	}
	t.Fatal("no free port")
	return nil
}

// closeServer may be called twice.
func closeServer(t testing.TB, srv *Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := srv.Close(ctx); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Error("close:", err)
	}
}

// far is the other side of a Transport.
type far struct {
	t  testing.TB
	pc *webrtc.PeerConnection
	up chan struct{}
}

func newFar(t testing.TB) *far {
	t.Helper()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	media := &webrtc.MediaEngine{}
	if err := registerMedia(media); err != nil {
		t.Fatal(err)
	}
	se := webrtc.SettingEngine{}
	mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{UDPConn: udp})
	se.SetICEUDPMux(mux)
	se.SetIncludeLoopbackCandidate(true)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	f := &far{t: t, up: make(chan struct{}, 8)}
	if f.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = f.pc.GracefulClose(), mux.Close() })
	f.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			f.up <- struct{}{}
		}
	})
	return f
}

// join brings it into the room, with its first m-line as a publication or a slot.
func (f *far) join(srv *Server, identity string, publishes bool) (signaling.Member, *signaling.Welcome) {
	f.t.Helper()
	o, err := f.pc.CreateOffer(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.pc.SetLocalDescription(o); err != nil {
		f.t.Fatal(err)
	}
	h := &signaling.Hello{Offer: &signaling.Offer{Rev: 1, SDP: o.SDP}}
	mid := f.pc.GetTransceivers()[0].Mid()
	if publishes {
		h.Publications = []signaling.PublicationOffer{{CID: "c", Source: signaling.SourceCamera, Kind: signaling.KindVideo, MID: mid}}
	} else {
		h.Offer.Slots = []signaling.SlotOffer{{MID: mid, Kind: signaling.SlotVideo}}
	}
	claims := &signaling.Claims{Identity: identity, Room: "room", Grants: signaling.AllGrants()}
	member, w, err := srv.Join(f.t.Context(), signaling.JoinRequest{Claims: claims, Hello: h, Session: signaling.NewSession()})
	if err != nil {
		f.t.Fatal(err)
	}
	if err := f.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: w.Answer.SDP}); err != nil {
		f.t.Fatal(err)
	}
	select {
	case <-f.up:
	case <-time.After(10 * time.Second):
		f.t.Fatal(identity, "is not connected")
	}
	return member, w
}

// framePackets makes a VP8 keyframe of n packets, each with its number at the end. As libwebrtc divides a frame, the first half is a byte shorter.
func framePackets(n int, seq *uint16, at uint32) []*rtp.Packet {
	var out []*rtp.Packet
	for i := range n {
		payload := make([]byte, 1099+2*i/n)
		if i == 0 {
			copy(payload, []byte{0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, 0, 5, 0xd0, 2})
		}
		*seq++
		binary.BigEndian.PutUint16(payload[len(payload)-2:], *seq)
		out = append(out, &rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: *seq, Timestamp: at, Marker: i == n-1},
			Payload: payload,
		})
	}
	return out
}

// Frames reach each viewer whole over sockets of this machine, and the worker sends them in batches.
func TestMediaOverSocketsOfThisMachine(t *testing.T) {
	registry := prometheus.NewRegistry()
	srv := realServer(t, Config{Workers: 2, Registerer: registry})
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "v", "s")
	if err != nil {
		t.Fatal(err)
	}
	publisher := newFar(t)
	if _, err := publisher.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		t.Fatal(err)
	}
	_, w := publisher.join(srv, "publisher", true)
	const viewers, frames, size = 3, 50, 4
	var arrived [viewers]chan uint16
	for i := range arrived {
		arrived[i] = view(t, srv, string(rune('a'+i)), w.Participant)
	}
	var seq uint16
	send := func(frame int) {
		for _, p := range framePackets(size, &seq, uint32(frame)*3000) {
			if err := track.WriteRTP(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	began := 0 // frames until all have something to see
	for ; len(arrived[0]) == 0 || len(arrived[1]) == 0 || len(arrived[2]) == 0; began++ {
		if began == 500 {
			t.Fatal("nothing arrives")
		}
		send(began)
		<-time.After(20 * time.Millisecond)
	}
	for i := range frames {
		send(began + i)
		for v := range arrived {
			awaitPacket(t, arrived[v], seq)
		}
	}
	closeServer(t, srv) // what was sent is counted now
	forwarded := metric(t, registry, "heliograph_rtp_forwarded_packets_total")
	if sent := metric(t, registry, "heliograph_udp_sent_datagrams_total"); sent < forwarded || forwarded < viewers*frames*size {
		t.Errorf("%v datagrams were sent in batches, %v packets were forwarded", sent, forwarded)
	}
	if n := metric(t, registry, "heliograph_udp_received_datagrams_total"); n < frames*size {
		t.Errorf("%v datagrams were received", n)
	}
}

// view lets a new participant see the publisher, and gives the numbers of what arrives. One that is missing ends the channel.
func view(t *testing.T, srv *Server, identity, publisher string) chan uint16 {
	t.Helper()
	f, arrived := newFar(t), make(chan uint16, 4096)
	f.pc.OnTrack(func(tr *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		defer close(arrived)
		for last := uint16(0); ; {
			p, _, err := tr.ReadRTP()
			if err != nil || len(p.Payload) < 2 {
				return
			}
			seq := binary.BigEndian.Uint16(p.Payload[len(p.Payload)-2:])
			if last != 0 && seq != last+1 {
				return
			}
			last = seq
			arrived <- seq
		}
	})
	if _, err := f.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
		t.Fatal(err)
	}
	member, _ := f.join(srv, identity, false)
	if _, err := member.View(t.Context(), &signaling.View{Rev: 1, Items: []signaling.ViewItem{{Participant: publisher}}}); err != nil {
		t.Fatal(err)
	}
	return arrived
}

// awaitPacket reads until the packet seq comes.
func awaitPacket(t *testing.T, arrived chan uint16, seq uint16) {
	t.Helper()
	late := time.After(5 * time.Second)
	for {
		select {
		case got, ok := <-arrived:
			if !ok {
				t.Fatalf("a packet before %d is missing", seq)
			}
			if got == seq {
				return
			}
		case <-late:
			t.Fatalf("packet %d has not arrived", seq)
		}
	}
}

// metric is the sum of a metric over its labels.
func metric(t *testing.T, r *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}
