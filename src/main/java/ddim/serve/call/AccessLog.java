package ddim.serve.call;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line of JSON for each call that has ended, through the logger {@code ddim.access} at INFO.
 *
 * <p>Never has metadata, tokens or images. What a client is told of an error is here as it is told,
 * and quotes the numbers and names of the request that are wrong, such as a seed.
 */
public final class AccessLog implements CallObserver {
  private static final Logger log = LoggerFactory.getLogger("ddim.access");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double NANOS_PER_MILLI = 1e6;

  @Override
  public void ended(CallRecord call, Status status, Duration duration) {
    if (log.isInfoEnabled()) {
      log.info("{}", line(Instant.now(), call, status, duration));
    }
  }

  static String line(Instant time, CallRecord call, Status status, Duration duration) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("time", time.toString());
    fields.put("request_id", call.id());
    fields.put("peer", call.address());
    fields.put("client", call.client());
    fields.put("method", call.method());
    String model = call.model();
    if (model != null) {
      fields.put("model", model);
      fields.put("version", call.version());
      fields.put("images", call.images());
      fields.put("steps", call.steps());
      fields.put("queue_ms", millis(call.queueNanos()));
    }
    fields.put("duration_ms", millis(duration.toNanos()));
    fields.put("code", status.getCode().name());
    if (status.getDescription() != null) {
      fields.put("error", status.getDescription());
    }
    try {
      return JSON.writeValueAsString(fields);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers are always JSON", e);
    }
  }

  private static double millis(long nanos) {
    return Math.round(nanos / NANOS_PER_MILLI * 1000) / 1000.0;
  }
}
