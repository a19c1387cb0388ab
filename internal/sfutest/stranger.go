package sfutest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Refusal is how the server ended a conversation.
type Refusal struct {
	Code  string // of the last err
	Close int    // code of the websocket's end; 0: it is open
}

// Provoke opens a websocket, says the texts one after another, and returns what the server says to that within 3 s.
func (w *World) Provoke(ctx context.Context, texts ...[]byte) (Refusal, error) {
	link, err := w.network.join()
	if err != nil {
		return Refusal{}, err
	}
	defer w.network.leave(link)
	errs := make(chan string, 1000)
	s, err := dialSignal(ctx, w, link, func(m *incoming) { noteError(m, errs) })
	if err != nil {
		return Refusal{}, err
	}
	defer s.cut()
	for _, text := range texts {
		if err := s.sendRaw(text); err != nil && !errors.Is(err, ErrClosed) {
			return Refusal{}, err
		}
	}
	select {
	case <-s.done:
	case <-time.After(3 * time.Second):
	}
	r := Refusal{Close: s.closeCode()}
	for {
		select {
		case r.Code = <-errs:
		default:
			return r, nil
		}
	}
}

func noteError(m *incoming, errs chan<- string) {
	var e signaling.ErrorBody
	if m.Type == signaling.TypeErr && json.Unmarshal(m.Data, &e) == nil {
		errs <- e.Code
	}
}

// Draft is a valid hello of a participant that never joins, to be spoilt.
func (w *World) Draft(identity string, plan Plan) (*signaling.Hello, error) {
	link, err := w.network.join()
	if err != nil {
		return nil, err
	}
	p := newParticipant(w, identity, link)
	defer p.Vanish()
	if err := p.openTransport(); err != nil {
		return nil, err
	}
	token, err := w.token(identity, plan)
	if err != nil {
		return nil, err
	}
	var pubs []*Publication
	for _, f := range plan.Publish {
		pubs = append(pubs, newPublication(p, f))
	}
	offer, err := p.offer(plan.slots(), pubs)
	if err != nil {
		return nil, err
	}
	h := &signaling.Hello{Token: token, Offer: offer}
	for _, pub := range pubs {
		h.Publications = append(h.Publications, pub.offer())
	}
	return h, nil
}

// Text is a request as it goes over the wire.
func Text(typ string, id uint64, d any) ([]byte, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", typ, err)
	}
	return json.Marshal(signaling.Request{Type: typ, ID: id, Data: data})
}

// SendRTP sends any packet over the Transport of a publication, protected as its own packets are.
func (p *Publication) SendRTP(h *rtp.Header, payload []byte) {
	e := p.encodings[0]
	e.mu.Lock()
	out := e.writer
	e.mu.Unlock()
	_, _ = out.WriteRTP(h, payload) // the server may have closed
}

// SSRC is that of the publication's first encoding.
func (p *Publication) SSRC() uint32 {
	e := p.encodings[0]
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ssrc
}

// SendRTCP sends any RTCP packets.
func (p *Participant) SendRTCP(packets ...rtcp.Packet) { p.writeRTCP(packets) }

// Shoot sends datagrams to the server's media port from a host that nobody knows.
func (w *World) Shoot(datagrams [][]byte) error {
	link, err := w.network.join()
	if err != nil {
		return err
	}
	defer w.network.leave(link)
	c, err := link.net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(link.addr, 0)))
	if err != nil {
		return fmt.Errorf("open a socket: %w", err)
	}
	to := net.UDPAddrFromAddrPort(w.mediaAddr)
	for i, d := range datagrams {
		if i%100 == 0 {
			time.Sleep(10 * time.Millisecond) // a socket of vnet holds a thousand
		}
		if _, err := c.WriteTo(d, to); err != nil {
			return errors.Join(err, c.Close())
		}
	}
	time.Sleep(2 * w.network.delay)
	return c.Close()
}

// Connected tells whether the participant's Transport is up.
func (p *Participant) Connected() bool {
	return p.pc.ConnectionState() == webrtc.PeerConnectionStateConnected
}
