// One member of the consumer group exercise; prints what it was assigned and what it consumed.
import { consumerTimings, kafka } from "./connection.ts";

const [topic, groupId] = process.argv.slice(2) as [string, string];
const consumer = kafka.consumer({ groupId, ...consumerTimings });

function print(event: unknown): void {
  console.log(JSON.stringify(event));
}

process.once("SIGTERM", () => {
  void consumer.disconnect().then(() => process.exit(0));
});
consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
  print({ assigned: payload.memberAssignment[topic] ?? [] });
});
consumer.on(consumer.events.REBALANCING, () => print({ assigned: [] }));
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => print({ value: message.value!.toString() }),
});
