package bwe

import (
	"slices"
	"testing"
)

// FuzzQueue compares the queue with a slice.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{7, 21, 1, 8, 253, 7, 254})
	f.Add([]byte{1, 2, 3, 255, 4, 5, 254, 255, 255})
	f.Add(slices.Repeat([]byte{9, 10, 11, 12, 255}, 40))
	f.Fuzz(func(t *testing.T, ops []byte) {
		var q queue
		var model []Item
		for i, op := range ops[:min(len(ops), 500)] {
			switch {
			case op == 255 && len(model) > 0:
				if got := q.pop(); got != model[0] {
					t.Fatalf("got %+v, want %+v", got, model[0])
				}
				model = model[1:]
			case op >= 253:
				least := uint8(op - 253)
				var want, kept []Item
				dropped := map[int64]bool{}
				for _, item := range model {
					if item.Temporal >= least && (item.Begins || dropped[item.Frame]) {
						dropped[item.Frame] = true
						want = append(want, item)
					} else {
						kept = append(kept, item)
					}
				}
				if got := q.shed(least, nil); !slices.Equal(got, want) {
					t.Fatalf("shed %+v, want %+v", got, want)
				}
				model = kept
			default:
				item := Item{Ref: i, Size: 1 + int(op), Temporal: op % 3, Frame: int64(op % 5), Begins: op%7 < 3}
				q.push(item)
				model = append(model, item)
			}
			bytes := 0
			for _, item := range model {
				bytes += item.Size
			}
			if q.len() != len(model) || q.bytes != bytes {
				t.Fatalf("%d items and %d bytes, want %d and %d", q.len(), q.bytes, len(model), bytes)
			}
		}
	})
}
