package ddim.serve.call;

import io.grpc.Context;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What is known of one call so far. Thread-safe. */
public final class CallRecord {
  static final Context.Key<CallRecord> KEY = Context.key("ddim.call");

  private final String id;
  private final String method;
  private final String address;
  private final long begin;
  private final List<CallObserver> observers;
  private final AtomicInteger images = new AtomicInteger();
  private final AtomicLong steps = new AtomicLong();
  private final AtomicLong queueNanos = new AtomicLong();
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile String client;
  private volatile @Nullable String model;
  private volatile long version;
  private volatile Quota quota = Quota.NONE;

  /**
   * @param id the request id
   * @param method its full name, {@code SERVICE/METHOD}
   * @param address where the client is, without its port
   * @param begin when it came, on the clock of {@link System#nanoTime()}
   * @param observers told of its rows
   */
  CallRecord(String id, String method, String address, long begin, List<CallObserver> observers) {
    this.id = id;
    this.method = method;
    this.address = address;
    this.client = address;
    this.begin = begin;
    this.observers = observers;
  }

  /**
   * The call that is being handled on this thread; outside of one, a record that nobody reads.
   *
   * <p>A handler that goes on on another thread takes it there.
   */
  public static CallRecord current() {
    CallRecord record = KEY.get();
    return record == null ? new CallRecord("", "", "", 0, List.of()) : record;
  }

  /** The request id: the client's own, or one that was made for it. */
  public String id() {
    return id;
  }

  /** The full name of the method, {@code SERVICE/METHOD}. */
  public String method() {
    return method;
  }

  /** Where the client is: an address without its port. */
  public String address() {
    return address;
  }

  /** Who calls: the name that authorization has for it, or else its address. */
  public String client() {
    return client;
  }

  /** The name of the model that is used, if one is yet. */
  public @Nullable String model() {
    return model;
  }

  /** The version of the model that is used. */
  public long version() {
    return version;
  }

  /** How many rows have been asked for. */
  public int images() {
    return images.get();
  }

  /** How many network calls these rows need, one row each. */
  public long steps() {
    return steps.get();
  }

  /** How long a row of it has waited for its first step, at most. */
  public long queueNanos() {
    return queueNanos.get();
  }

  long begin() {
    return begin;
  }

  /** Notes which model is used. */
  public void uses(String usedModel, long usedVersion) {
    model = usedModel;
    version = usedVersion;
  }

  /**
   * Notes that rows are about to be asked for.
   *
   * @param rowSteps the network calls of all of them together, two a step of a guided row
   * @throws ddim.serve.error.QuotaException if the client has asked for too many
   */
  public void asksFor(int rows, long rowSteps) {
    quota.ask(rows);
    images.addAndGet(rows);
    steps.addAndGet(rowSteps);
  }

  /** Notes that rows that were asked for were not let in: they cost the client nothing. */
  public void turnedAway(int rows) {
    quota.giveBack(rows);
  }

  /** Notes that a row has waited so long for its first graph call, which begins. */
  public void rowStarted(int row, Duration queueTime) {
    queueNanos.accumulateAndGet(queueTime.toNanos(), Math::max);
    observers.forEach(observer -> observer.rowStarted(this, row, queueTime));
  }

  /** Notes that a graph call has taken a row further. */
  public void rowAdvanced(int row, int steps) {
    observers.forEach(observer -> observer.rowAdvanced(this, row, steps));
  }

  /** Notes who calls, once it is known better than by the address. */
  public void calledBy(String name) {
    client = name;
  }

  /** Has the rows counted that are asked for. */
  void limit(Quota newQuota) {
    quota = newQuota;
  }

  /** True for the first who ends it. */
  boolean end() {
    return ended.compareAndSet(false, true);
  }
}
