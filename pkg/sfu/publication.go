package sfu

import (
	"sync/atomic"

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
	muted bool

	// Atomic: how many spatial layers its only encoding has, as the keyframes tell; 0 before the first one.
	spatialLayers atomic.Int32
}

// describe is the publication as the protocol shows it. Room.mu is held.
func (p *Publication) describe() signaling.Publication {
	return signaling.Publication{
		ID: p.id, Participant: p.owner.id, Source: p.source, Kind: p.kind, Codec: p.codec.String(),
		Muted: p.muted, Width: p.width, Height: p.height, Encodings: p.encodings,
	}
}

// layers is how many layers a view may choose from: the encodings of simulcast, or the spatial layers inside the only one.
func (p *Publication) layers() int {
	if len(p.encodings) > 1 {
		return len(p.encodings)
	}
	return int(p.spatialLayers.Load())
}

// layerFor gives the smallest layer that fills a tile of w x h device pixels; 0 x 0 asks for the largest.
func (p *Publication) layerFor(w, h int) rtpfwd.Layer {
	n := p.layers()
	if w <= 0 && h <= 0 || n == 0 {
		return rtpfwd.Layer{Spatial: maxSpatial, Temporal: maxTemporal}
	}
	for i := range n {
		lw, lh := p.layerSize(i, n)
		// An eighth less than the tile is not seen, and saves three quarters of the bits.
		if lw*8 >= w*7 && lh*8 >= h*7 {
			return rtpfwd.Layer{Spatial: int8(i), Temporal: maxTemporal}
		}
	}
	return rtpfwd.Layer{Spatial: maxSpatial, Temporal: maxTemporal}
}

// They ask for all layers: no codec has more than eight of a kind.
const (
	maxSpatial  = 7
	maxTemporal = 7
)

// layerSize is the size of layer i of n, as offered or else by the usual halving from the largest.
func (p *Publication) layerSize(i, n int) (w, h int) {
	if n == len(p.encodings) {
		if e := p.encodings[i]; e.Width > 0 && e.Height > 0 {
			return e.Width, e.Height
		}
	}
	w, h = p.width, p.height
	if w == 0 || h == 0 {
		w, h = 1280, 720
	}
	down := n - 1 - i
	return w >> down, h >> down
}
