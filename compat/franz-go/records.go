// Records chosen for what encoders get wrong, and reading a topic back.
package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	baseTimestamp   = 1_706_529_600_123
	largeValueBytes = 200_000
)

func allBytes() []byte {
	bytes := make([]byte, 256)
	for index := range bytes {
		bytes[index] = byte(index)
	}
	return bytes
}

// largeValue is compressible in part, so that every codec has matches and literals to write.
func largeValue(seed int) []byte {
	value := make([]byte, largeValueBytes)
	for index := range value {
		value[index] = byte(index & 0x0f)
		if index%7 == 0 {
			value[index] = byte(index*31 + seed)
		}
	}
	return value
}

func sampleRecords(seed int) []*kgo.Record {
	at := func(offset int64) time.Time { return time.UnixMilli(baseTimestamp + int64(seed)*1000 + offset) }
	header := func(key string, value []byte) kgo.RecordHeader { return kgo.RecordHeader{Key: key, Value: value} }
	return []*kgo.Record{
		{Key: fmt.Appendf(nil, "key-%d", seed), Value: []byte("plain text"), Timestamp: at(0)},
		{Key: allBytes(), Value: allBytes(), Headers: []kgo.RecordHeader{header("raw", allBytes())}, Timestamp: at(5)},
		{Value: []byte("no key"), Headers: []kgo.RecordHeader{header("empty", []byte{})}, Timestamp: at(-40)},
		{Key: []byte("tombstone"), Timestamp: at(7), Headers: []kgo.RecordHeader{
			header("why", []byte("gone")), header("why", []byte("really")), header("other", []byte("x"))}},
		{Key: []byte("empty"), Value: []byte{}, Timestamp: at(8)},
		{Key: []byte("große 💧 键"), Value: []byte("š"), Headers: []kgo.RecordHeader{header("null", nil)}, Timestamp: at(9)},
		{Key: []byte("large"), Value: largeValue(seed), Timestamp: at(3_600_000)},
	}
}

// readable tells null from empty and shows bytes as hexadecimal text.
func readable(record *kgo.Record) string {
	text := func(bytes []byte) string {
		if bytes == nil {
			return "null"
		}
		return "'" + hex.EncodeToString(bytes) + "'"
	}
	headers := ""
	for _, header := range record.Headers {
		headers += header.Key + "=" + text(header.Value) + ","
	}
	return fmt.Sprintf("%d %s [%s] %s", record.Timestamp.UnixMilli(), text(record.Key), headers, text(record.Value))
}

// readTopic returns everything below the ends of this moment: records by partition, in offset order.
func readTopic(ctx context.Context, topic string) (map[int32][]*kgo.Record, error) {
	client, err := newClient(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err = firstError(err, ends.Error()); err != nil {
		return nil, err
	}
	stored := map[int32][]*kgo.Record{}
	isComplete := func() bool {
		complete := true
		ends.Each(func(end kadm.ListedOffset) {
			records := stored[end.Partition]
			complete = complete && (end.Offset == 0 || len(records) > 0 && records[len(records)-1].Offset >= end.Offset-1)
		})
		return complete
	}
	for !isComplete() {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(record *kgo.Record) {
			stored[record.Partition] = append(stored[record.Partition], record)
		})
	}
	return stored, nil
}

func valuesOf(records []*kgo.Record) []string {
	values := make([]string, len(records))
	for index, record := range records {
		values[index] = string(record.Value)
	}
	return values
}
