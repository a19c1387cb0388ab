package rtpfwd

import (
	"testing"

	"github.com/pion/rtp"
)

// seedsPerRecording is how many packets of each recording are seeds of a fuzz target: the first ones, where the keyframe is.
const seedsPerRecording = 4

// recordedSeeds returns packets of all recordings with the SSRC, the payload types and the extension ids of tests.
func recordedSeeds(t testing.TB) [][]byte {
	t.Helper()
	types := map[Codec]uint8{Opus: ptOpus, VP8: ptVP8, VP9: ptVP9, H264: ptH264, AV1: ptAV1}
	ids := testIDs()
	var seeds [][]byte
	for _, r := range readRecordings(t) {
		count := 0
		for _, packet := range r.packets {
			var p rtp.Packet
			if err := p.Unmarshal(packet.raw); err != nil {
				t.Fatal(err)
			}
			pt, known := types[r.payloads.Codec[p.PayloadType]]
			if !known || count == seedsPerRecording {
				continue
			}
			count++
			extensions := map[uint8][]byte{}
			if e := p.GetExtension(r.extensions.DependencyDescriptor); e != nil {
				extensions[ids.DependencyDescriptor] = e
			}
			if e := p.GetExtension(r.extensions.AudioLevel); e != nil {
				extensions[ids.AudioLevel] = e
			}
			seeds = append(seeds, testPacket{
				pt: pt, seq: p.SequenceNumber, time: p.Timestamp, marker: p.Marker,
				payload: p.Payload[:min(len(p.Payload), 150)], extensions: extensions,
			}.raw(t))
		}
	}
	return seeds
}
