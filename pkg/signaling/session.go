package signaling

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Limits of what a session sends.
const (
	maxQueueBytes  = 1 << 20         // what may wait for one participant
	closeGrace     = 2 * time.Second // from Close to the end of the websocket, whatever it does
	maxCloseReason = 120             // bytes of a close frame's reason (RFC 6455, 5.5: 123)
)

// Session is the signaling session of one participant. What it is given waits in order for the writer, behind the
// welcome. All methods are safe for concurrent use, never block, and do nothing after the session began to close.
type Session struct {
	// fixed after construction
	id      string
	ctx     context.Context // ends when the session begins to close
	cancel  context.CancelFunc
	wake    chan struct{} // holds one token when there is something to do for the writer
	hangUp  func()        // ends the websocket without a word
	metrics *metrics
	log     *logLimit
	unread  bool // there is no websocket: what it is given ends here

	mu      sync.Mutex
	queue   *queue
	held    bool      // nothing is sent before the welcome
	closing CloseCode // 0: open
	reason  string
	gone    bool        // there is nobody to send to
	kill    *time.Timer // calls hangUp, closeGrace after the session began to close
}

func newSession(ctx context.Context, hangUp func(), m *metrics, log *logLimit) *Session {
	s := &Session{
		id:      "s_" + rand.Text(),
		wake:    make(chan struct{}, 1),
		hangUp:  hangUp,
		metrics: m,
		log:     log,
		queue:   newQueue(maxQueueBytes),
		held:    true,
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

// NewSession returns a session without a websocket, for a member that lives in this process and for tests of a media
// side. Next takes what would be sent.
func NewSession() *Session {
	s := newSession(context.Background(), func() {}, newMetrics(), newLogLimit(zap.NewNop()))
	s.held = false
	return s
}

// Next removes the next message and returns it, or nil when nothing waits. It is for sessions of NewSession only.
func (s *Session) Next() []byte {
	var buf []byte
	text, _, _ := s.next(&buf)
	return text
}

// ID returns the id of the session: unique and not to be guessed.
func (s *Session) ID() string { return s.id }

// RoomEvents sends events of the room, each encoded once for everybody by EncodeRoomEvent; what is given at once leaves in one
// write. They are never dropped: a session for which more than 1 MiB waits is closed with CloseSlow.
func (s *Session) RoomEvents(encoded ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, text := range encoded {
		s.add(item{class: classMust, typ: eventType(text), text: text})
	}
}

// Event sends an event of this session with the data d, which may be nil. It is never dropped; see RoomEvents.
func (s *Session) Event(typ string, d any) {
	s.pushOwn(item{class: classMust, typ: typ}, d)
}

// State sends an event of this session of which only the newest one per key counts: one that still waits is replaced,
// and the new one waits at the end.
func (s *Session) State(key, typ string, d any) {
	s.pushOwn(item{class: classState, key: key, typ: typ}, d)
}

// Ephemeral sends an event without a number. One of the same key that still waits is replaced where it stands, and any
// may be dropped when the participant reads slowly.
func (s *Session) Ephemeral(key, typ string, d any) {
	s.pushOwn(item{class: classEphemeral, key: key, typ: typ}, d)
}

// Close ends the session: what waits is sent (unless code is CloseSlow), then session.closing, then the close frame. It
// returns at once; after 2 s the websocket is closed in any case. An empty reason stands for the code's usual one.
func (s *Session) Close(code CloseCode, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close(code, reason)
}

// EncodeRoomEvent encodes the event number r of a room's log for all sessions.
func EncodeRoomEvent(typ string, r uint64, d any) ([]byte, error) {
	return encodeJSON(Event{Type: typ, R: r, Data: d})
}

// close is Close; mu is held.
func (s *Session) close(code CloseCode, reason string) {
	if s.closing != 0 || s.gone {
		return
	}
	if reason == "" {
		reason = code.row().reason
	}
	s.closing, s.reason = code, shorten(reason, maxCloseReason)
	if code == CloseSlow || s.held {
		s.queue.clear()
	}
	s.held = false
	if code != CloseNormal {
		text, _ := encodeJSON(SessionClosing{Code: int(code), Reason: s.reason}) // an int and a string: cannot fail
		s.queue.append(item{class: classMust, own: true, free: true, typ: TypeSessionClosing, text: text})
	}
	s.cancel()
	s.kill = time.AfterFunc(closeGrace, s.hangUp)
	s.signal()
}

// abandon ends the session without a word: there is nobody to send to.
func (s *Session) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone, s.held = true, false
	s.queue.clear()
	s.cancel()
	if s.kill != nil {
		s.kill.Stop()
	}
	s.signal()
}

// ended returns the code with which the session closes, or 0 as long as it is open.
func (s *Session) ended() (CloseCode, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing, s.reason
}

// open sends the first message, the welcome, and then all that waited for it.
func (s *Session) open(welcome []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing != 0 || s.gone {
		return
	}
	s.held = false
	s.queue.pushFirst(item{class: classMust, free: true, typ: TypeWelcome, text: welcome})
	s.signal()
}

// reply sends a response. Before the welcome it can only be an err, which takes the place of all that waited.
func (s *Session) reply(typ string, text []byte) {
	s.mu.Lock()
	if s.held && s.closing == 0 {
		s.queue.clear()
		s.held = false
	}
	s.mu.Unlock()
	s.push(item{class: classMust, typ: typ, text: text})
}

func (s *Session) pushOwn(i item, d any) {
	if s.unread {
		return
	}
	i.own = true
	var err error
	if d != nil {
		i.text, err = encodeJSON(d)
	}
	if err != nil {
		s.metrics.err(CodeInternal)
		s.log.warn(string(CodeInternal), "an event cannot be encoded", zap.String("type", i.typ), zap.Error(err))
		return
	}
	s.push(i)
}

func (s *Session) push(i item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(i)
}

// add is push; mu is held.
func (s *Session) add(i item) {
	if s.closing != 0 || s.gone || s.unread {
		return
	}
	dropped, ok := s.queue.push(i)
	if dropped > 0 {
		s.metrics.dropped.Add(float64(dropped))
	}
	if !ok {
		s.close(CloseSlow, "")
		return
	}
	s.signal()
}

// signal wakes the writer.
func (s *Session) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// next takes the next message for the writer; buf is what own events are made in. more tells that another one waits. No text and last
// means that the close frame is due, or that there is nobody to send it to.
func (s *Session) next(buf *[]byte) (text []byte, more, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held {
		return nil, false, false
	}
	typ, text := s.queue.take(buf)
	if text == nil {
		return nil, false, s.closing != 0 || s.gone
	}
	s.metrics.out(typ)
	return text, s.queue.live > 0, false
}

// eventType returns the type of an encoded Event, for metrics.
func eventType(encoded []byte) string {
	rest, ok := bytes.CutPrefix(encoded, []byte(`{"t":"`))
	end := bytes.IndexByte(rest, '"')
	if !ok || end < 0 {
		return ""
	}
	for _, t := range eventTypes {
		if string(rest[:end]) == t {
			return t
		}
	}
	return ""
}

// shorten cuts s to at most n bytes, at the start of a rune.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
