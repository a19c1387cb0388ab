package mediabench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

// Paths of the stock subject: POST with an offer gives the answer.
const (
	stockPublish = "/publish"
	stockView    = "/view"
	maxOffer     = 256 << 10
)

// Stock is a media server as Pion's examples make one: the default codecs and interceptors, a PeerConnection for each participant, and
// one TrackLocalStaticRTP that goes to all viewers. Only loopback candidates are used, as by the other subjects.
type Stock struct {
	// Fixed after construction.
	api      *webrtc.API
	track    *webrtc.TrackLocalStaticRTP
	listener net.Listener
	http     *http.Server

	// Atomic.
	viewers        atomic.Int64
	sent, received atomic.Uint64
}

// NewStock opens the HTTP port of a stock subject on loopback and serves it until ctx ends.
func NewStock(ctx context.Context) (*Stock, error) {
	m := &webrtc.MediaEngine{}
	if err := m.RegisterDefaultCodecs(); err != nil {
		return nil, fmt.Errorf("register codecs: %w", err)
	}
	interceptors := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(m, interceptors); err != nil {
		return nil, fmt.Errorf("register interceptors: %w", err)
	}
	se := webrtc.SettingEngine{}
	se.SetIncludeLoopbackCandidate(true)
	se.SetIPFilter(net.IP.IsLoopback)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	s := &Stock{api: webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(interceptors), webrtc.WithSettingEngine(se))}
	var err error
	s.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "stock")
	if err != nil {
		return nil, fmt.Errorf("make a track: %w", err)
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+stockPublish, s.serve(s.takeTracks))
	mux.HandleFunc("POST "+stockView, s.serve(s.giveTrack))
	s.http = &http.Server{Handler: mux, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() { _ = s.http.Serve(s.listener) }() // until Close
	return s, nil
}

// Subject is what Attend serves.
func (s *Stock) Subject() Subject {
	return Subject{
		Ready: Ready{URL: "http://" + s.listener.Addr().String() + "/"},
		Count: func() (Counts, error) {
			return Counts{Sent: s.sent.Load(), Received: s.received.Load()}, nil
		},
	}
}

// Close ends the HTTP port. Transports end with the process.
func (s *Stock) Close() error { return s.http.Close() }

// serve answers an offer.
func (s *Stock) serve(prepare func(*webrtc.PeerConnection) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		offer, err := io.ReadAll(io.LimitReader(r.Body, maxOffer))
		if err == nil {
			var answer string
			if answer, err = s.answer(string(offer), prepare); err == nil {
				_, _ = io.WriteString(w, answer) // the requester may be gone
				return
			}
		}
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

func (s *Stock) answer(offer string, prepare func(*webrtc.PeerConnection) error) (string, error) {
	pc, err := s.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return "", err
	}
	if err := prepare(pc); err != nil {
		return "", err
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return "", err
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(answer); err != nil {
		return "", err
	}
	<-gathered
	return pc.LocalDescription().SDP, nil
}

// takeTracks makes a PeerConnection receive, and forward to all viewers.
func (s *Stock) takeTracks(pc *webrtc.PeerConnection) error {
	pc.OnTrack(func(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		b := make([]byte, maxDatagramBytes)
		for {
			n, _, err := t.Read(b)
			if err != nil {
				return
			}
			s.received.Add(1)
			if viewers := s.viewers.Load(); viewers > 0 {
				_, _ = s.track.Write(b[:n]) // one viewer that is gone does not matter
				s.sent.Add(uint64(viewers))
			}
		}
	})
	return nil
}

// giveTrack makes a PeerConnection send the one track.
func (s *Stock) giveTrack(pc *webrtc.PeerConnection) error {
	sender, err := pc.AddTrack(s.track)
	if err != nil {
		return err
	}
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		if state == webrtc.PeerConnectionStateConnected {
			s.viewers.Add(1)
		}
	})
	go func() { // interceptors see RTCP only if somebody reads it
		b := make([]byte, maxDatagramBytes)
		for {
			if _, _, err := sender.Read(b); err != nil {
				return
			}
		}
	}()
	return nil
}

const maxDatagramBytes = 1500
