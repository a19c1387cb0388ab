package signaling

import (
	"context"
	"errors"
	"time"
)

// What a client is told about its keepalive.
const (
	keepalivePing = 3 * time.Second // between two ping requests
	keepaliveDead = 7500 * time.Millisecond
)

// hello reads and handles the first message: it authenticates and joins. Every failure ends the session.
func (k *socket) hello() error {
	r, claims, err := k.authenticate()
	if errors.Is(err, errBroken) {
		return err
	}
	id := uint64(0)
	if r != nil {
		id = r.ID
	}
	if err == nil {
		err = k.join(r, claims)
	}
	if err != nil {
		k.failHello(id, err)
	}
	return nil
}

// authenticate reads the first message and verifies its token. Of a message longer than maxFrameBefore it reads the rest
// only after that. The request is returned with an error, too, if it is known.
func (k *socket) authenticate() (*Request, *Claims, error) {
	if err := k.readUntil(k.opened.Add(authTimeout)); err != nil {
		return nil, nil, err
	}
	reader, err := k.reader()
	if err != nil {
		return nil, nil, err
	}
	frame, err := k.readAll(reader, nil, maxFrameBefore)
	if errors.Is(err, errBroken) {
		return nil, nil, err
	}
	var r *Request
	token, found := helloToken(frame)
	long := err != nil
	if long && !found {
		return nil, nil, Errorf(CodeTooLarge, "at most %d bytes are allowed before a token, which must come first in hello", maxFrameBefore)
	}
	if !long {
		if r, err = k.firstRequest(frame); err != nil {
			return r, nil, err
		}
	}
	claims, err := k.server.keys.Verify(token, time.Now())
	if err != nil {
		return r, nil, err
	}
	k.authenticated = true
	k.settle(true)
	if err := k.heard(); err != nil || !long {
		return r, claims, err
	}
	if frame, err = k.readAll(reader, frame, maxFrameAfter); err != nil {
		return nil, nil, err
	}
	r, err = k.firstRequest(frame)
	return r, claims, err
}

// firstRequest decodes a message that must be a hello.
func (k *socket) firstRequest(frame []byte) (*Request, error) {
	r, err := k.server.decoder.request(frame)
	if err != nil {
		return nil, err
	}
	k.server.metrics.in(r.Type)
	k.lastID = r.ID
	if r.Type != TypeHello {
		return r, Errorf(CodeOrder, "the first message must be hello, not %q", r.Type)
	}
	return r, nil
}

// join makes the participant a member of its room and sends the welcome.
func (k *socket) join(r *Request, claims *Claims) error {
	var h Hello
	if err := k.server.decoder.into(r, &h); err != nil {
		return err
	}
	room, err := claims.room(h.Room)
	if err != nil {
		return err
	}
	claims.Room = room
	start := time.Now()
	welcome, err := k.callJoin(JoinRequest{Claims: claims, Hello: &h, Session: k.session})
	if err != nil {
		return err
	}
	k.server.metrics.took(r.Type, time.Since(start))
	welcome.Session, welcome.Room = k.session.ID(), room
	welcome.Keepalive = KeepaliveTimes{PingMs: int(keepalivePing.Milliseconds()), DeadMs: int(keepaliveDead.Milliseconds())}
	text, err := encodeWelcome(r.ID, welcome)
	if err != nil {
		return err
	}
	k.replies = new(replies)
	k.replies.addWelcome(r.ID, text)
	k.session.open(text)
	return nil
}

// callJoin calls Rooms.Join and keeps the member.
func (k *socket) callJoin(j JoinRequest) (*Welcome, error) {
	ctx, cancel := context.WithTimeout(k.session.ctx, requestTimeout)
	defer cancel()
	var welcome *Welcome
	err := k.safely(func() error {
		m, w, err := k.server.rooms.Join(ctx, j)
		if err != nil {
			return err
		}
		k.member, welcome = m, w
		k.server.metrics.sessions.Inc()
		return nil
	})
	return welcome, err
}

// failHello tells why there is no welcome, and closes the session.
func (k *socket) failHello(id uint64, err error) {
	e := classify(err)
	code := e.Code.row().helloClose()
	if errors.Is(err, errPanic) {
		code = CloseInternal
	}
	k.tellError(id, TypeHello, e, code)
}
