package sfu

import (
	"slices"
	"testing"

	"github.com/pion/rtcp"
)

func TestMissingInFeedback(t *testing.T) {
	const came, lost = rtcp.TypeTCCPacketReceivedSmallDelta, rtcp.TypeTCCPacketNotReceived
	p := &rtcp.TransportLayerCC{
		BaseSequenceNumber: 65534, PacketStatusCount: 9,
		PacketChunks: []rtcp.PacketStatusChunk{
			&rtcp.RunLengthChunk{PacketStatusSymbol: came, RunLength: 1},
			&rtcp.RunLengthChunk{PacketStatusSymbol: lost, RunLength: 2},
			&rtcp.StatusVectorChunk{SymbolList: []uint16{came, lost, came, came, lost, lost, lost}}, // the last one fills the chunk
		},
	}
	if got, want := missing(p, nil), []uint16{65535, 0, 2, 5, 6}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	p.PacketStatusCount, p.PacketChunks = 65535, []rtcp.PacketStatusChunk{&rtcp.RunLengthChunk{PacketStatusSymbol: lost, RunLength: 8191}}
	if got := missing(p, nil); len(got) != maxStatuses {
		t.Errorf("%d statuses are looked at, want %d", len(got), maxStatuses)
	}
}
