// One member of the consumer group exercise; prints what it was assigned and what it consumed.
import { newConsumer } from "./connection.ts";

const [topic, groupId] = process.argv.slice(2) as [string, string];
const consumer = newConsumer(groupId);

function print(event: unknown): void {
  console.log(JSON.stringify(event));
}

process.once("SIGTERM", () => {
  void consumer.close(true).then(() => process.exit(0));
});
consumer.on("consumer:group:join", ({ assignments }) => {
  print({
    assigned: assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [],
  });
});
consumer.on("consumer:group:rebalance", () => print({ assigned: [] }));
const stream = await consumer.consume({
  topics: [topic],
  mode: "committed",
  fallbackMode: "earliest",
  autocommit: 500,
});
for await (const message of stream) {
  print({ value: message.value.toString() });
}
