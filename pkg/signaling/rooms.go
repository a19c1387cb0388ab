package signaling

import "context"

// JoinRequest is what a new session asks for. Claims.Room is the room to join, never a pattern. Hello has passed the
// limits of protocol.go, but its SDP is as the client sent it. Session takes events at once; they are sent after the
// welcome.
type JoinRequest struct {
	Claims  *Claims
	Hello   *Hello
	Session *Session
	Lines   Lines
}

// Lines says who tells what the m-lines of an offer are for.
type Lines string

// The ways of telling. An offer of WHIP or WHEP comes without a word on its m-lines, so the media side declares them: all of them
// as publications, or all as slots that show what is going on in the room, to a participant that never sends a view.
const (
	LinesDeclared Lines = ""        // Hello declares each
	LinesPublish  Lines = "publish" // WHIP
	LinesView     Lines = "view"    // WHEP
)

// Rooms is the media side of the server. Join adds a participant to a room and returns it with the welcome, of which
// Session, Room and Keepalive are filled in by this package. Errors should be of type *Error; any other one is told as
// internal. When Join returns an error, the session ends without a call of Leave.
type Rooms interface {
	Join(ctx context.Context, r JoinRequest) (Member, *Welcome, error)
}

// Member is one participant of a room, as its session sees it. The methods are called one after another. ctx ends with
// the session, and 10 s after the request at the latest.
type Member interface {
	Offer(ctx context.Context, o *Offer) (*OfferOK, error)
	Publish(ctx context.Context, p *Publish) (*PublishOK, error)
	Unpublish(ctx context.Context, u *Unpublish) error
	UpdatePublication(ctx context.Context, u *PublicationUpdate) error
	View(ctx context.Context, v *View) (*ViewOK, error)

	// Message passes application data on, with From and At, which are still empty.
	Message(ctx context.Context, m *Message) error

	// Leave is the last call, exactly one: with LeaveLeft after a leave request, with LeaveLost at any other end of
	// the session.
	Leave(reason string)
}

// The reasons that Member.Leave gets.
const (
	LeaveLeft = "left"
	LeaveLost = "lost"
)
