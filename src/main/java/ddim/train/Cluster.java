package ddim.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.tensorflow.proto.ClusterDef;
import org.tensorflow.proto.JobDef;
import org.tensorflow.proto.ServerDef;

/**
 * The processes that train one model together, over TensorFlow's own distributed runtime. Worker 0
 * is the chief: it holds the variables, reads the images and writes the run.
 *
 * <p>The runtime knows no passwords and no encryption: whoever reaches its ports can run code in
 * it. It is for networks of one's own.
 *
 * @param worker {@code host:port} of each, at least two, each another
 */
public record Cluster(List<String> worker) {
  static final String JOB = "worker";

  private static final String ADDRESS = "[^:/\\s]+:[1-9][0-9]{0,4}";
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /**
   * @throws IllegalArgumentException naming the address and the rule that it breaks
   */
  public Cluster {
    if (worker.size() < 2) {
      throw new IllegalArgumentException("worker must name 2 processes or more, is " + worker);
    }
    for (String address : worker) {
      if (!address.matches(ADDRESS) || port(address) > 65535) {
        throw new IllegalArgumentException("worker must be host:port each, is '" + address + "'");
      }
    }
    if (new HashSet<>(worker).size() < worker.size()) {
      throw new IllegalArgumentException("worker must name each process once, is " + worker);
    }
    worker = List.copyOf(worker);
  }

  /**
   * Reads a JSON file, <code>{"worker": ["host:port", …]}</code>.
   *
   * @throws IllegalArgumentException if it is no such file; the message names it
   * @throws IOException if it cannot be read
   */
  public static Cluster read(Path file) throws IOException {
    String text = Files.readString(file);
    try {
      return JSON.readValue(text, Cluster.class);
    } catch (JsonProcessingException e) {
      Throwable cause = e.getCause() instanceof IllegalArgumentException ? e.getCause() : e;
      throw new IllegalArgumentException(
          file + ": " + String.valueOf(cause.getMessage()).lines().findFirst().orElse(""), e);
    }
  }

  /** The name of a worker in errors. */
  String name(int task) {
    return JOB + ":" + task + " (" + worker.get(task) + ")";
  }

  /** What a session connects to. */
  String target(int task) {
    return "grpc://" + worker.get(task);
  }

  static int port(String address) {
    return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
  }

  static String host(String address) {
    return address.substring(0, address.lastIndexOf(':'));
  }

  ServerDef server(int task) {
    JobDef.Builder job = JobDef.newBuilder().setName(JOB);
    for (int i = 0; i < worker.size(); i++) {
      job.putTasks(i, worker.get(i));
    }
    return ServerDef.newBuilder()
        .setJobName(JOB)
        .setTaskIndex(task)
        .setProtocol("grpc")
        .setCluster(ClusterDef.newBuilder().addJob(job))
        .build();
  }
}
