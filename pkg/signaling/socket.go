package signaling

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Limits of a websocket.
const (
	authTimeout     = 2 * time.Second // from the upgrade to a hello with a valid token
	maxFrameBefore  = 8 << 10         // bytes of a message before the token is verified
	maxFrameAfter   = 256 << 10       // bytes of a message
	deadAfter       = 12 * time.Second
	maxPendingPongs = 4
	maxPongBytes    = 125 // RFC 6455, 5.5
)

var (
	errBroken = errors.New("the websocket cannot be read any more")
	errPanic  = errors.New("panic")
)

// socket is the websocket of one session. Its goroutine run reads and handles one request after another; a second one
// writes. run waits for it.
type socket struct {
	// fixed after construction
	server  *Server
	ws      *websocket.Conn
	conn    *bundledConn // under ws
	session *Session
	addr    netip.Addr
	opened  time.Time
	pongs   chan []byte // to the writer

	heardAt atomic.Int64 // when something was last heard: nanoseconds since opened

	// owned by run
	member        Member
	left          bool // by a leave request
	authenticated bool
	settled       bool // the server knows whether the socket authenticated
	broken        bool // cannot be read any more
	lastID        uint64
	replies       *replies
	budget        *budget
	frame         *[]byte // of Server.frames: what the message that is handled lies in; nil: none is
}

func newSocket(s *Server, ws *websocket.Conn, conn *bundledConn, addr netip.Addr) *socket {
	hangUp := func() { _ = conn.Close() } // it is of no interest why a broken connection cannot be closed
	k := &socket{
		server:  s,
		ws:      ws,
		conn:    conn,
		session: newSession(context.Background(), hangUp, s.metrics, s.log),
		addr:    addr,
		opened:  time.Now(),
		pongs:   make(chan []byte, maxPendingPongs),
		budget:  newBudget(),
	}
	ws.SetPingHandler(k.gotPing)
	ws.SetPongHandler(func(string) error { return k.heard() })
	return k
}

// run is the life of the socket.
func (k *socket) run() {
	defer k.server.remove(k.session)
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := k.safely(k.write); err != nil {
			k.endWrite(err)
		}
	}()
	if err := k.safely(k.serve); err != nil {
		k.endRead(err)
	}
	k.settle(k.closedByServer())
	k.leave()
	k.linger()
	<-written
	k.session.hangUp()
	k.session.abandon()
	code, _ := k.session.ended()
	k.server.metrics.closed(code)
}

// serve handles all requests until the session closes (nil) or nothing more can be read (errBroken).
func (k *socket) serve() error {
	if err := k.hello(); err != nil {
		return err
	}
	for {
		k.forget()
		if code, _ := k.session.ended(); code != 0 {
			return nil
		}
		if err := k.heard(); err != nil {
			return err
		}
		frame, err := k.read()
		if errors.Is(err, errBroken) {
			return err
		}
		if code, _ := k.session.ended(); code != 0 {
			return nil
		}
		if err != nil {
			k.fail(&Request{}, err)
			continue
		}
		k.handle(frame)
	}
}

// read returns the next text message of at most maxFrameAfter bytes.
func (k *socket) read() ([]byte, error) {
	r, err := k.reader()
	if err != nil {
		return nil, err
	}
	return k.readAll(r, nil, maxFrameAfter)
}

// reader waits for the next message. The websocket package's own read limit is not used: it would send a close frame of
// its own instead of the protocol's err.
func (k *socket) reader() (io.Reader, error) {
	typ, r, err := k.ws.NextReader()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if typ != websocket.TextMessage {
		return nil, Errorf(CodeMalformed, "it is a binary message")
	}
	return r, nil
}

// readAll appends the rest of a message to frame, which then has at most limit bytes, or returns CodeTooLarge. The frame is valid until
// forget.
func (k *socket) readAll(r io.Reader, frame []byte, limit int) ([]byte, error) {
	if k.frame == nil {
		k.frame = k.server.frames.Get().(*[]byte)
		frame = (*k.frame)[:0]
	}
	for len(frame) <= limit {
		if len(frame) == cap(frame) {
			frame = append(frame, 0)[:len(frame)]
		}
		n, err := r.Read(frame[len(frame):min(cap(frame), limit+1)])
		frame = frame[:len(frame)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBroken, err)
		}
	}
	*k.frame = frame
	if len(frame) > limit {
		return frame, Errorf(CodeTooLarge, "at most %d bytes are allowed", limit)
	}
	return frame, nil
}

// forget ends the use of the message that was handled. While it waits for the next one a socket has no buffer.
func (k *socket) forget() {
	if k.frame != nil && cap(*k.frame) <= maxKeptBytes {
		k.server.frames.Put(k.frame)
	}
	k.frame = nil
}

// heard moves the time at which the participant counts as dead. Before authentication nothing does.
func (k *socket) heard() error {
	if !k.authenticated {
		return nil
	}
	now := time.Now()
	k.heardAt.Store(int64(now.Sub(k.opened)))
	return k.readUntil(now.Add(deadAfter))
}

// readUntil sets the time at which reading fails.
func (k *socket) readUntil(t time.Time) error {
	if err := k.ws.SetReadDeadline(t); err != nil {
		return fmt.Errorf("%w: %w", errBroken, err)
	}
	return nil
}

// gotPing has the writer answer a websocket ping. Too many are not answered.
func (k *socket) gotPing(data string) error {
	if len(data) <= maxPongBytes && k.budget.pongs.AllowN(time.Now(), 1) {
		select {
		case k.pongs <- []byte(data):
		default:
		}
	}
	return k.heard()
}

// endRead ends the session after serve failed.
func (k *socket) endRead(err error) {
	if errors.Is(err, errPanic) {
		k.session.Close(CloseInternal, "")
		return
	}
	k.broken = true
	switch {
	case !isTimeout(err):
		k.session.abandon()
		k.session.hangUp()
	case k.authenticated:
		k.session.Close(CloseHeartbeat, "")
	default:
		k.failHello(0, &Error{Code: CodeAuthTimeout})
	}
}

// closedByServer reports whether the session ended for a reason that says nothing against the address it came from.
func (k *socket) closedByServer() bool {
	code, _ := k.session.ended()
	return code == CloseRestart || code == CloseDraining
}

// settle tells the server once whether the socket authenticated.
func (k *socket) settle(ok bool) {
	if !k.settled {
		k.settled = true
		k.server.settled(k.addr, ok)
	}
}

// leave tells the media side that the session is over, if it ever began there.
func (k *socket) leave() {
	if k.member == nil {
		return
	}
	reason := LeaveLost
	if k.left {
		reason = LeaveLeft
	}
	k.server.metrics.sessions.Dec()
	_ = k.safely(func() error { // a panic was counted and logged; there is nobody left to tell
		k.member.Leave(reason)
		return nil
	})
}

// linger reads on until the participant has answered the close frame, so that what was sent is not lost to a TCP reset.
// The session's timer ends it after closeGrace.
func (k *socket) linger() {
	for !k.broken {
		_, r, err := k.ws.NextReader()
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		k.broken = err != nil
	}
}

// safely runs f; see Server.safely.
func (k *socket) safely(f func() error) error { return k.server.safely(k.session, f) }

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
