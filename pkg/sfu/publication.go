package sfu

import (
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Publication is a track that a participant offers to the room.
type Publication struct {
	// Fixed after construction.
	id        string
	owner     *Participant
	transport *Transport
	mid       string // the m-line of the owner's Transport that carries it
	source    signaling.Source
	kind      signaling.Kind
	codec     rtpfwd.Codec
	ext       rtpfwd.ExtensionIDs // of the packets as they come in
	csrc      uint32              // names the publication in every packet that a slot carries of it
	order     uint64              // of publishing in the room
	encodings []signaling.EncodingOffer
	width     int
	height    int

	// Set once, before the media is let through.
	room *Room

	// Owned by the worker of transport.
	ended bool

	// Guarded by Room.mu.
	muted   bool
	removed bool
}

// describe is the publication as the protocol shows it. Room.mu is held.
func (p *Publication) describe() signaling.Publication {
	return signaling.Publication{
		ID: p.id, Participant: p.owner.id, Source: p.source, Kind: p.kind, Codec: p.codec.String(),
		Muted: p.muted, Width: p.width, Height: p.height, Encodings: p.encodings,
	}
}

// layerFor gives the smallest encoding that fills a tile of w x h device pixels; 0 x 0 asks for the largest.
func (p *Publication) layerFor(w, h int) rtpfwd.Layer {
	top := len(p.encodings) - 1
	if top < 0 {
		return rtpfwd.Layer{Temporal: maxTemporal}
	}
	if w <= 0 && h <= 0 {
		return rtpfwd.Layer{Spatial: int8(top), Temporal: maxTemporal}
	}
	for i := range p.encodings {
		ew, eh := p.encodingSize(i)
		// An eighth less than the tile is not seen, and saves three quarters of the bits.
		if ew*8 >= w*7 && eh*8 >= h*7 || i == top {
			return rtpfwd.Layer{Spatial: int8(i), Temporal: maxTemporal}
		}
	}
	return rtpfwd.Layer{Spatial: int8(top), Temporal: maxTemporal}
}

// maxTemporal asks for all temporal layers: no codec has more than eight.
const maxTemporal = 7

// encodingSize is the size of one encoding, as offered or else by the usual halving from the largest.
func (p *Publication) encodingSize(i int) (w, h int) {
	e := p.encodings[i]
	if e.Width > 0 && e.Height > 0 {
		return e.Width, e.Height
	}
	w, h = p.width, p.height
	if w == 0 || h == 0 {
		w, h = 1280, 720
	}
	down := len(p.encodings) - 1 - i
	return w >> down, h >> down
}
