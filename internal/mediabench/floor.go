package mediabench

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Floor is the least that forwarding can cost with the calls that there are: each packet sealed by AES-128-GCM with the key of its
// viewer, and the packets of a frame for one viewer sent as one message. It parses, keeps, counts and chooses nothing.
type Floor struct {
	// Fixed after construction.
	workers int

	// Owned by the caller of start and stop.
	loops  sync.WaitGroup
	cancel context.CancelFunc

	sent atomic.Uint64
}

// NewFloor makes a floor that shares the viewers among so many goroutines.
func NewFloor(workers int) *Floor { return &Floor{workers: workers} }

// Subject is what Attend serves.
func (f *Floor) Subject() Subject {
	return Subject{
		Count: func() (Counts, error) { return Counts{Sent: f.sent.Load()}, nil },
		Start: f.start, Stop: f.stop,
	}
}

func (f *Floor) start(p Pattern) error {
	if p.Size <= rtpHeader || p.Frame < 1 || p.Frame > maxFrame || p.Period <= 0 {
		return fmt.Errorf("no pattern: %d packets of %d bytes every %v", p.Frame, p.Size, p.Period)
	}
	f.stop()
	var lanes []*floorLane
	for range f.workers {
		s, err := openSocket()
		if err != nil {
			return err
		}
		lanes = append(lanes, newFloorLane(s, p, &f.sent))
	}
	for i, text := range p.To {
		if err := lanes[i%len(lanes)].add(text); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	for _, l := range lanes {
		f.loops.Go(func() { l.run(ctx) })
	}
	return nil
}

func (f *Floor) stop() {
	if f.cancel == nil {
		return
	}
	f.cancel()
	f.loops.Wait()
	f.cancel = nil
}

const (
	rtpHeader = 20 // bytes: the fixed header and one extension
	maxFrame  = 40 // packets: what one message of 64 KB holds
	gcmTag    = 16
)

// floorLane is one goroutine with its viewers.
type floorLane struct {
	// Fixed after construction.
	socket  *socket
	pattern Pattern
	sent    *atomic.Uint64
	message int // bytes of a frame for one viewer
	viewers []floorViewer

	// Owned by run.
	plain  []byte // one RTP packet
	sealed []byte // of all messages of a burst
	burst  burst
	nonce  [12]byte // here, so that nothing is allocated for it
	number uint64
}

func newFloorLane(s *socket, p Pattern, sent *atomic.Uint64) *floorLane {
	l := &floorLane{socket: s, pattern: p, sent: sent, message: p.Frame * (p.Size + gcmTag), plain: make([]byte, p.Size)}
	l.plain[0], l.plain[1] = 0x80, videoPT
	l.sealed = make([]byte, (batchSize/p.Frame+1)*l.message)
	return l
}

type floorViewer struct {
	to  netip.AddrPort
	gcm cipher.AEAD
}

func (l *floorLane) add(text string) error {
	to, err := netip.ParseAddrPort(text)
	if err != nil {
		return fmt.Errorf("address of a viewer: %w", err)
	}
	key := make([]byte, 16)
	_, _ = rand.Read(key) // it never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return fmt.Errorf("make a cipher: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return fmt.Errorf("make a cipher: %w", err)
	}
	l.viewers = append(l.viewers, floorViewer{to, gcm})
	return nil
}

func (l *floorLane) run(ctx context.Context) {
	defer func() { _ = l.socket.close() }()
	next := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		l.send()
		next = next.Add(l.pattern.Period)
		timer.Reset(time.Until(next))
	}
}

// send sends one frame to every viewer. What a message holds is sealed where it is sent from.
func (l *floorLane) send() {
	at, message := 0, l.message
	for i := range l.viewers {
		if !l.burst.room(l.pattern.Frame) {
			l.flush()
			at = 0
		}
		b := l.sealed[at : at+message]
		l.seal(&l.viewers[i], b)
		l.burst.add(b, l.pattern.Size+gcmTag, l.viewers[i].to)
		at += message
	}
	l.flush()
}

func (l *floorLane) flush() {
	n, _ := l.burst.send(l.socket) // what the system does not take is not counted
	l.sent.Add(uint64(n * l.pattern.Frame))
}

func (l *floorLane) seal(v *floorViewer, message []byte) {
	size := l.pattern.Size + gcmTag
	for at := 0; at < len(message); at += size {
		l.number++
		b := message[at : at+size]
		copy(b, l.plain[:rtpHeader])
		binary.BigEndian.PutUint16(b[2:], uint16(l.number))
		binary.BigEndian.PutUint64(l.nonce[4:], l.number)
		v.gcm.Seal(b[rtpHeader:rtpHeader], l.nonce[:], l.plain[rtpHeader:], b[:rtpHeader])
	}
}
