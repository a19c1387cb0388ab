package signaling

import "encoding/json"

// Subprotocol is the websocket subprotocol that names the major version and the encoding of the protocol.
const Subprotocol = "heliograph.v1+json"

// Message types that a client sends. Each is a request and gets exactly one response.
const (
	TypeHello             = "hello"
	TypeOffer             = "offer"
	TypePublish           = "publish"
	TypeUnpublish         = "unpublish"
	TypePublicationUpdate = "publication.update"
	TypeView              = "view"
	TypeMessage           = "message" // also the room event that a message becomes
	TypePing              = "ping"
	TypeLeave             = "leave"
)

// Message types that the server sends: responses and events.
const (
	TypeOK                   = "ok"
	TypeErr                  = "err"
	TypeWelcome              = "welcome" // the response to hello
	TypeOfferWanted          = "offer.wanted"
	TypeParticipantJoined    = "participant.joined"
	TypeParticipantLeft      = "participant.left"
	TypePublicationAdded     = "publication.added"
	TypePublicationUpdated   = "publication.updated"
	TypePublicationRemoved   = "publication.removed"
	TypePublicationEncodings = "publication.encodings"
	TypeSlots                = "slots"
	TypeSpeakers             = "speakers"
	TypeSessionClosing       = "session.closing"
)

// Request is one message of a client: {"t":"publish","id":17,"d":{...},"a":[482,31]}.
//
// In this type and in all that a client sends, the tag max is the limit that the server enforces before it decodes: the
// bytes of a string or of a JSON value, the elements of an array, the greatest value of a number; each is the limit of
// an array's elements. Numbers are not negative, and a string without omitempty is not empty.
type Request struct {
	Type string          `json:"t" max:"64"`
	ID   uint64          `json:"id" max:"9007199254740991"` // grows with each request of a session, from 1
	Data json.RawMessage `json:"d,omitempty" max:"262144"`  // by Type
	Ack  []uint64        `json:"a,omitempty" max:"2"`       // [r, s]: the newest room and session event seen
}

// Response answers the request whose id is Re.
type Response struct {
	Type string `json:"t"` // ok, err or welcome
	Re   uint64 `json:"re"`
	Data any    `json:"d,omitempty"`
}

// Event is what the server says of its own accord. A room event has R (the same bytes for everybody in the room), an
// event of one session has S, an ephemeral one has neither: its latest value replaces the earlier ones.
type Event struct {
	Type string `json:"t"`
	R    uint64 `json:"r,omitempty"`
	S    uint64 `json:"s,omitempty"`
	Data any    `json:"d,omitempty"`
}

// Source says what a publication shows or sounds.
type Source string

// The sources; each participant has at most one publication of each.
const (
	SourceCamera      Source = "camera"
	SourceMicrophone  Source = "microphone"
	SourceScreen      Source = "screen"
	SourceScreenAudio Source = "screen_audio"
)

// Kind is the media kind of a publication or m-line.
type Kind string

// The kinds of media.
const (
	KindAudio Kind = "audio"
	KindVideo Kind = "video"
)

// SlotKind says what the server may map onto a slot.
type SlotKind string

// The kinds of slots. A slot of kind audio or video is remapped freely; a screen slot carries screens (or, on an audio
// m-line, their sound); a pinned slot keeps the publication that a view gave it.
const (
	SlotAudio  SlotKind = "audio"
	SlotVideo  SlotKind = "video"
	SlotScreen SlotKind = "screen"
	SlotPinned SlotKind = "pinned"
)

// SlotState says what a slot shows now.
type SlotState string

// The states of a slot. Idle slots name no publication.
const (
	SlotIdle      SlotState = "idle"
	SlotLive      SlotState = "live"
	SlotPaused    SlotState = "paused"    // mapped, but nothing is sent: see SlotReason
	SlotSwitching SlotState = "switching" // mapped, waiting for the first keyframe of the source
)

// SlotReason says why a slot is paused.
type SlotReason string

// The reasons. A slot that the path has no room for is told as paused after 500 ms without a grant, and as live or switching after 500 ms
// with one.
const (
	SlotMuted     SlotReason = "muted"     // the publisher sends nothing
	SlotBandwidth SlotReason = "bandwidth" // the participant's path does not carry it now
)

// SlotOffer declares one receive m-line of an offer as a slot. Every m-line that receives must be declared.
type SlotOffer struct {
	MID   string   `json:"mid" max:"64"`
	Kind  SlotKind `json:"kind"`
	Codec string   `json:"codec,omitempty" max:"32"` // a video slot made for one codec, "vp8"; else the room's primary one
	Group string   `json:"group,omitempty" max:"64"` // slots of one group share a stream id (lip sync) and carry one participant
}

// EncodingOffer declares one simulcast encoding, from the smallest to the largest.
type EncodingOffer struct {
	RID        string `json:"rid" max:"32"`
	Width      int    `json:"width,omitempty" max:"65535"`           // pixels
	Height     int    `json:"height,omitempty" max:"65535"`          // pixels
	MaxBitrate int    `json:"maxBitrate,omitempty" max:"1000000000"` // bit/s
}

// PublicationOffer declares one send m-line of an offer as a publication.
type PublicationOffer struct {
	CID       string          `json:"cid" max:"64"` // chosen by the client, names the publication in the answer
	Source    Source          `json:"source"`
	Kind      Kind            `json:"kind"`
	MID       string          `json:"mid" max:"64"`
	Muted     bool            `json:"muted,omitempty"`
	Width     int             `json:"width,omitempty" max:"65535"`  // pixels of the largest encoding
	Height    int             `json:"height,omitempty" max:"65535"` // pixels of the largest encoding
	Encodings []EncodingOffer `json:"encodings,omitempty" max:"4"`
	Codecs    []string        `json:"codecs,omitempty" max:"16" each:"32"` // what the client can send, best first; the offer decides, but what hello offers in another codec than the room's is not made if the room's is listed
}

// Offer is an SDP offer with the meaning of its m-lines. Rev grows with each offer of a session; the answer echoes it.
type Offer struct {
	Rev   int         `json:"rev" max:"2147483647"`
	SDP   string      `json:"sdp" max:"262144"`
	Slots []SlotOffer `json:"slots,omitempty" max:"100"`
}

// Answer is the SDP answer to the offer with the same Rev.
type Answer struct {
	Rev int    `json:"rev"`
	SDP string `json:"sdp"`
}

// CapDynacast is the feature of a client that obeys publication.encodings: without it the server sends none.
const CapDynacast = "dynacast"

// Hello is the first message of a session. The offer may be left out (a participant without media) and sent later.
// When the message is longer than 8 KiB, the token must come first in it: the rest is read only after it was verified.
type Hello struct {
	Token        string             `json:"token" max:"4096"`
	Room         string             `json:"room,omitempty" max:"256"`          // needed where the token names a pattern of rooms
	Client       string             `json:"client,omitempty" max:"256"`        // name and version of the client's software
	Caps         []string           `json:"caps,omitempty" max:"64" each:"64"` // features and further codecs, as strings: "codec:h264", "slots:pinned", "dynacast"
	Offer        *Offer             `json:"offer,omitempty"`
	Publications []PublicationOffer `json:"publications,omitempty" max:"16"` // need Offer
}

// Welcome answers hello: all that a client needs to show the room.
type Welcome struct {
	Session      string         `json:"session"`
	Participant  string         `json:"participant"` // the id of this participant
	Room         string         `json:"room"`
	Log          Log            `json:"log"`
	Caps         []string       `json:"caps,omitempty"`
	Codec        string         `json:"codec"` // the room's primary video codec: "vp8"
	ICEServers   []ICEServer    `json:"iceServers,omitempty"`
	Answer       *Answer        `json:"answer,omitempty"`
	Publications []Published    `json:"publications,omitempty"` // this participant's own, from hello
	Participants []Participant  `json:"participants"`           // all in the room, this one included
	Slots        *Slots         `json:"slots,omitempty"`
	Keepalive    KeepaliveTimes `json:"keepalive"`

	// Roster stands for Participants, each encoded already by EncodeParticipant: a room encodes them once, and not for each welcome.
	Roster []EncodedParticipant `json:"-"`
}

// Log names the room log that r counts in, and the newest r that the welcome already contains.
type Log struct {
	ID string `json:"id"` // node and epoch
	R  uint64 `json:"r"`
}

// KeepaliveTimes tells a client how often to ping and when to give a silent connection up, in milliseconds.
type KeepaliveTimes struct {
	PingMs int `json:"pingMs"`
	DeadMs int `json:"deadMs"`
}

// ICEServer is one STUN or TURN server, in the shape that RTCPeerConnection takes.
type ICEServer struct {
	URLs       []string `json:"urls"`
	Username   string   `json:"username,omitempty"`
	Credential string   `json:"credential,omitempty"`
}

// Participant is one joined identity in the room.
type Participant struct {
	ID           string            `json:"id"`
	Identity     string            `json:"identity"`
	Name         string            `json:"name,omitempty"`
	Attributes   map[string]string `json:"attributes,omitempty"`
	Publications []Publication     `json:"publications"`
}

// Publication is a track that a participant offers to the room.
type Publication struct {
	ID          string          `json:"id"`
	Participant string          `json:"participant"`
	Source      Source          `json:"source"`
	Kind        Kind            `json:"kind"`
	Codec       string          `json:"codec"` // "opus", "pcmu", "pcma", "vp8", "vp9", "h264", "h265", "av1"
	Muted       bool            `json:"muted,omitempty"`
	Width       int             `json:"width,omitempty"`
	Height      int             `json:"height,omitempty"`
	Encodings   []EncodingOffer `json:"encodings,omitempty"`
}

// Publish asks to publish one track; the offer that carries it is in the same request.
type Publish struct {
	PublicationOffer
	Offer
}

// Published names a publication that the server made of a PublicationOffer.
type Published struct {
	CID         string `json:"cid"`
	Publication string `json:"publication"`
	MID         string `json:"mid"`
}

// PublishOK is the response to publish.
type PublishOK struct {
	Published
	Answer Answer `json:"answer"`
}

// OfferOK is the response to offer.
type OfferOK struct {
	Answer Answer `json:"answer"`
}

// Unpublish ends a publication. It is idempotent: an unknown publication is not an error.
type Unpublish struct {
	Publication string `json:"publication" max:"64"`
}

// PublicationUpdate changes a publication of the sender without any negotiation.
type PublicationUpdate struct {
	Publication string `json:"publication" max:"64"`
	Muted       *bool  `json:"muted,omitempty"`
}

// View is the whole of what a client wants to see, and replaces the view before. Audio needs no view: the loudest
// participants fill the audio slots. Items come in falling order of importance where Priority is equal.
type View struct {
	Rev   int        `json:"rev" max:"2147483647"`
	Items []ViewItem `json:"items" max:"512"`
}

// ViewItem wants one publication, or a participant's camera, at a displayed size.
type ViewItem struct {
	Publication string `json:"publication,omitempty" max:"64"`
	Participant string `json:"participant,omitempty" max:"64"` // stands for the participant's camera
	Slot        string `json:"slot,omitempty" max:"64"`        // the mid of the slot to use if that is possible
	Width       int    `json:"width,omitempty" max:"65535"`    // device pixels of the tile; 0: the largest
	Height      int    `json:"height,omitempty" max:"65535"`
	FPS         int    `json:"fps,omitempty" max:"1000"`
	Priority    int    `json:"priority,omitempty" max:"1000000"` // higher is more important
}

// ViewOK is the response to view.
type ViewOK struct {
	Rev int `json:"rev"`
}

// Slots tells how publications are mapped to slots now: always all slots. Rev grows with each change.
type Slots struct {
	Rev   int    `json:"rev"`
	Slots []Slot `json:"slots"`
}

// Slot is the mapping of one receive m-line. CSRC is the contributing source (RFC 3550, 5.1) that each packet of the
// publication carries on this slot; a client shows the picture once the CSRC that it receives matches.
type Slot struct {
	MID         string     `json:"mid"`
	Kind        SlotKind   `json:"kind"`
	State       SlotState  `json:"state"`
	Reason      SlotReason `json:"reason,omitempty"` // only of a paused one
	Codec       string     `json:"codec,omitempty"`
	Publication string     `json:"publication,omitempty"`
	Participant string     `json:"participant,omitempty"`
	Source      Source     `json:"source,omitempty"`
	CSRC        uint32     `json:"csrc,omitempty"`
}

// OfferWanted asks the client for an offer: with more slots, or with new ICE credentials.
type OfferWanted struct {
	Reason string       `json:"reason"` // slots or ice
	Slots  []SlotWanted `json:"slots,omitempty"`
}

// SlotWanted asks for Count further m-lines of one kind. A screen slot stands for a pair in one group: one video m-line
// and one audio m-line.
type SlotWanted struct {
	Kind  SlotKind `json:"kind"`
	Codec string   `json:"codec,omitempty"`
	Count int      `json:"count"`
}

// ParticipantJoined is the room event of a new participant.
type ParticipantJoined struct {
	Participant Participant `json:"participant"`
}

// ParticipantLeft is the room event of a participant that is gone, with all its publications.
type ParticipantLeft struct {
	Participant string `json:"participant"`
	Reason      string `json:"reason"` // left, lost, replaced, closed
}

// PublicationChanged is the room event of a publication that was added or updated.
type PublicationChanged struct {
	Publication Publication `json:"publication"`
}

// PublicationRemoved is the room event of a publication that ended.
type PublicationRemoved struct {
	Publication string `json:"publication"`
	Participant string `json:"participant"`
}

// PublicationEncodings tells the publisher which encodings of a publication to send: those that somebody gets, or could get next. All
// are listed, the smallest first; the newest event counts. Only clients with CapDynacast are told.
type PublicationEncodings struct {
	Publication string          `json:"publication"`
	Encodings   []EncodingState `json:"encodings"`
}

// EncodingState says whether one encoding is to be sent. RID is empty for the only encoding of a publication without simulcast.
type EncodingState struct {
	RID    string `json:"rid,omitempty"`
	Active bool   `json:"active"`
}

// Speakers lists who speaks, loudest first. Ephemeral.
type Speakers struct {
	Speakers []Speaker `json:"speakers"`
}

// Speaker is one participant that speaks. Level is 0 (silence) to 1 (the loudest that RFC 6464 can say).
type Speaker struct {
	Participant string  `json:"participant"`
	Level       float64 `json:"level"`
}

// Message is application data: as a request to send it, and as the event that arrives. Without To it goes to everybody
// and is a room event; with To it is a session event of each receiver.
type Message struct {
	Topic string          `json:"topic,omitempty" max:"128"`
	To    []string        `json:"to,omitempty" max:"256" each:"64"`    // participants
	From  string          `json:"from,omitempty" max:"64"`             // set by the server
	At    int64           `json:"at,omitempty" max:"9007199254740991"` // set by the server: Unix time in milliseconds
	Body  json.RawMessage `json:"body" max:"16384"`                    // any JSON value
}

// Ping carries a number that the response gives back.
type Ping struct {
	N int64 `json:"n" max:"9007199254740991"`
}

// SessionClosing tells why the server is about to close the websocket.
type SessionClosing struct {
	Code   int    `json:"code"`
	Reason string `json:"reason"`
}

// ErrorBody is the data of an err response: one row of the table in errors.go, with what is particular to this case.
type ErrorBody struct {
	Code         string `json:"code"`
	Msg          string `json:"msg"`
	Retry        bool   `json:"retry"`
	RetryAfterMs int    `json:"retryAfterMs,omitempty"`
}
