package signaling

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

// How long a request may take, and how much of a text from the wire a log line shows.
const (
	requestTimeout = 10 * time.Second // for one method of Rooms or Member
	maxLoggedText  = 200              // bytes
)

// handle handles one message after the hello.
func (k *socket) handle(frame []byte) {
	r, err := k.server.decoder.request(frame)
	if err != nil {
		k.fail(&Request{}, err)
		return
	}
	k.server.metrics.in(r.Type)
	repeated := r.ID <= k.lastID
	k.lastID = max(k.lastID, r.ID)
	if err := k.budget.spend(time.Now(), r); err != nil {
		k.fail(r, err)
		if !k.budget.refuse(time.Now()) {
			k.session.Close(CloseRateLimited, "")
		}
		return
	}
	if repeated {
		k.repeat(r)
		return
	}
	start := time.Now()
	var data any
	err = k.safely(func() (err error) {
		data, err = k.call(r)
		return err
	})
	k.server.metrics.took(r.Type, time.Since(start))
	if err != nil {
		k.fail(r, err)
		return
	}
	k.respond(r.ID, TypeOK, data)
	if r.Type == TypeLeave {
		k.left = true
		k.session.Close(CloseNormal, "")
	}
}

// repeat answers a request whose id was used before with the same bytes.
func (k *socket) repeat(r *Request) {
	text := k.replies.find(r.ID)
	if text == nil {
		k.fail(r, Errorf(CodeOrder, "the id %d is not greater than the one before, %d, and its response is forgotten", r.ID, k.lastID))
		return
	}
	k.session.reply(TypeOK, text)
}

// call has the media side handle a request and returns the data of its response.
func (k *socket) call(r *Request) (any, error) {
	if r.Type == TypePing { // the most frequent, and the only one that nobody else has to be asked for
		return ask(k.session.ctx, k, r, func(_ context.Context, p *Ping) (*Ping, error) { return p, nil })
	}
	ctx, cancel := context.WithTimeout(k.session.ctx, requestTimeout)
	defer cancel()
	switch r.Type {
	case TypeHello:
		return nil, Errorf(CodeOrder, "hello was said before")
	case TypeOffer:
		return ask(ctx, k, r, k.member.Offer)
	case TypePublish:
		return ask(ctx, k, r, k.member.Publish)
	case TypeUnpublish:
		return nil, tell(ctx, k, r, k.member.Unpublish)
	case TypePublicationUpdate:
		return nil, tell(ctx, k, r, k.member.UpdatePublication)
	case TypeView:
		return ask(ctx, k, r, k.member.View)
	case TypeMessage:
		return nil, tell(ctx, k, r, func(ctx context.Context, m *Message) error {
			m.From, m.At = "", 0 // only the server says who sent a message, and when
			return k.member.Message(ctx, m)
		})
	case TypeLeave:
		return nil, nil
	}
	return nil, Errorf(CodeUnknown, "%q", r.Type)
}

// ask decodes the data of a request for a method with an answer.
func ask[T, A any](ctx context.Context, k *socket, r *Request, f func(context.Context, *T) (*A, error)) (any, error) {
	var v T
	if err := k.server.decoder.into(r, &v); err != nil {
		return nil, err
	}
	return f(ctx, &v)
}

// tell decodes the data of a request for a method without an answer.
func tell[T any](ctx context.Context, k *socket, r *Request, f func(context.Context, *T) error) error {
	var v T
	if err := k.server.decoder.into(r, &v); err != nil {
		return err
	}
	return f(ctx, &v)
}

// respond sends the response to the request id and keeps it.
func (k *socket) respond(id uint64, typ string, data any) {
	text, err := encodeJSON(Response{Type: typ, Re: id, Data: data})
	if err != nil {
		k.fail(&Request{ID: id}, err)
		return
	}
	if k.replies != nil {
		k.replies.add(id, text)
	}
	k.session.reply(typ, text)
}

// fail tells the error of a request, and closes the session where the table says so. A request with the id 0 is one that
// could not be read.
func (k *socket) fail(r *Request, err error) {
	e := classify(err)
	code := e.Code.row().close
	if errors.Is(err, errPanic) {
		code = CloseInternal
	}
	k.tellError(r.ID, r.Type, e, code)
}

func (k *socket) tellError(id uint64, typ string, e *Error, code CloseCode) {
	if c, _ := k.session.ended(); c != 0 {
		return // the error is that of a request cut short
	}
	k.server.metrics.err(e.Code)
	k.server.log.warn(string(e.Code.row().code), "a request failed",
		zap.String("detail", shorten(e.Detail, maxLoggedText)),
		zap.String("type", shorten(typ, maxLoggedText)),
		zap.String("session", k.session.ID()))
	body := e.body()
	k.respond(id, TypeErr, body)
	if code != 0 {
		k.session.Close(code, body.Msg)
	}
}
