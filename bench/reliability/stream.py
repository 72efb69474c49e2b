"""The table's stream in real time."""

from dataclasses import dataclass
from typing import Any

from bench.reliability import queues


@dataclass(slots=True)
class Stream(queues.Stream):
    """Read from a table that may be killed meanwhile: the place in the stream is kept, and asked for anew."""

    client: Any
    shard: str = ""
    last: str = ""
    """The number of the last record that was read."""
    _position: str | None = None

    def read(self, now: int) -> None:
        """Take what the table has written since, as far as the mapping's filter lets it through."""
        if self._position is None:
            where = {"StreamArn": self.arn, "ShardId": self._shard()}
            kind = "AFTER_SEQUENCE_NUMBER" if self.last else "TRIM_HORIZON"
            after = {"SequenceNumber": self.last} if self.last else {}
            found = self.client.get_shard_iterator(**where, ShardIteratorType=kind, **after)
            self._position = found["ShardIterator"]
        position, self._position = self._position, None  # forgotten, unless the table answers
        page = self.client.get_records(ShardIterator=position)
        self._position = page.get("NextShardIterator")
        if page["Records"]:
            self.last = queues.sequence(page["Records"][-1])
        self.waiting += [{**one, "readAt": now} for one in page["Records"] if queues._passes(one)]

    def _shard(self) -> str:
        if not self.shard:
            self.shard = self.client.describe_stream(StreamArn=self.arn)["StreamDescription"]["Shards"][0]["ShardId"]
        return self.shard
