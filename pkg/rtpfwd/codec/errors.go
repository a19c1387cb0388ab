package codec

import "errors"

var (
	// ErrShort says that a payload or an extension ends inside a field.
	ErrShort = errors.New("codec: payload ends inside a field")
	// ErrNoPayload says that nothing follows the payload descriptor: the packet
	// carries no media.
	ErrNoPayload = errors.New("codec: no bytes after the payload descriptor")
	// ErrReserved says that a field has a value which its specification forbids or
	// reserves.
	ErrReserved = errors.New("codec: reserved value")
	// ErrUnsupported says that the packetization is valid but not one that
	// WebRTC uses: STAP-B, MTAP and FU-B of H264.
	ErrUnsupported = errors.New("codec: unsupported packetization")
	// ErrTooLarge says that a list is longer than AV1 allows, or than anybody sends
	// blocks of RED.
	ErrTooLarge = errors.New("codec: list too long")
	// ErrNoStructure says that a dependency descriptor came before the first
	// template structure of its stream.
	ErrNoStructure = errors.New("codec: no template structure yet")
	// ErrUnknownTemplate says that a dependency descriptor names a template that
	// the structure does not have: the structure it needs was lost or is late.
	ErrUnknownTemplate = errors.New("codec: unknown dependency template")
)
