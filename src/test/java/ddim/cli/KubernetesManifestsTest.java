package ddim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The manifests of {@code scripts/kubernetes} against the program: flags, ports, paths, names. */
class KubernetesManifestsTest {
  private static final Path FOLDER = Path.of("scripts/kubernetes");
  private static final int GRACE_SECONDS = 20; // of serve.yaml

  @ParameterizedTest
  @ValueSource(strings = {"deployment.yaml", "inferenceservice.yaml"})
  void flagsAreThoseOfServeAndPortsAreThoseOfFlags(String file) throws IOException {
    JsonNode container = container(read(file));
    var serve = new CommandLine(new ServeCommand()).getCommandSpec();
    assertThat(container.at("/args/0").asText()).isEqualTo("serve");
    Map<String, String> flags = new HashMap<>();
    for (int i = 1; i < container.get("args").size(); i++) {
      String[] flag = container.at("/args/" + i).asText().split("=", 2);
      assertThat(serve.findOption(flag[0])).as(flag[0]).isNotNull();
      flags.put(flag[0], flag[1]);
    }
    assertThat(container.at("/ports/0/containerPort").asText()).isEqualTo(flags.get("--port"));
    Map<String, String> ports = new HashMap<>();
    container
        .get("ports")
        .forEach(p -> ports.put(p.get("name").asText(), p.get("containerPort").asText()));
    for (String probe : new String[] {"startupProbe", "livenessProbe", "readinessProbe"}) {
      if (container.has(probe)) {
        String port = container.at("/" + probe + "/httpGet/port").asText();
        assertThat(ports.getOrDefault(port, port)).isEqualTo(flags.get("--admin-port"));
        assertThat(container.at("/" + probe + "/httpGet/path").asText())
            .isEqualTo(probe.equals("livenessProbe") ? "/healthz" : "/readyz");
      }
    }
    assertThat(flags.get("--admin-host")).as("probes come from outside").isEqualTo("0.0.0.0");
    assertThat(container.at("/volumeMounts/0/mountPath").asText()).isEqualTo(flags.get("--models"));
  }

  @Test
  void thereIsTimeForTheGraceOfTheServer() throws IOException {
    JsonNode pod = read("deployment.yaml").at("/spec/template/spec");
    long drain =
        container(read("deployment.yaml")).at("/lifecycle/preStop/exec/command/1").asLong();

    assertThat(drain).isPositive();
    assertThat(pod.get("terminationGracePeriodSeconds").asLong())
        .isGreaterThanOrEqualTo(drain + GRACE_SECONDS + 5);
  }

  @Test
  void namesFitTogether() throws IOException {
    JsonNode deployment = read("deployment.yaml");
    JsonNode service = read("service.yaml");
    JsonNode scaler = read("autoscaler.yaml");

    assertThat(service.at("/spec/selector"))
        .isEqualTo(deployment.at("/spec/selector/matchLabels"))
        .isEqualTo(deployment.at("/spec/template/metadata/labels"));
    assertThat(service.at("/spec/clusterIP").asText()).isEqualTo("None");
    assertThat(service.at("/spec/ports/0/targetPort").asText())
        .isEqualTo(container(deployment).at("/ports/0/name").asText());
    assertThat(service.at("/spec/ports/0/port"))
        .isEqualTo(container(deployment).at("/ports/0/containerPort"));
    assertThat(deployment.at("/spec/template/metadata/annotations/prometheus.io~1port").asText())
        .isEqualTo(container(deployment).at("/ports/1/containerPort").asText());
    assertThat(scaler.at("/spec/scaleTargetRef/name")).isEqualTo(deployment.at("/metadata/name"));
    assertThat(scaler.at("/spec/scaleTargetRef/kind")).isEqualTo(deployment.get("kind"));
    String metric = scaler.at("/spec/metrics/0/pods/metric/name").asText();
    assertThat(Files.readString(Path.of("README.md"))).contains("| `" + metric + "` |");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"deployment.yaml", "service.yaml", "autoscaler.yaml", "inferenceservice.yaml"})
  void everyFileIsOneObject(String file) throws IOException {
    JsonNode object = read(file);

    assertThat(object.fieldNames())
        .toIterable()
        .containsExactly("apiVersion", "kind", "metadata", "spec");
    assertThat(object.at("/metadata/name").asText()).isEqualTo("ddim");
  }

  private static JsonNode container(JsonNode object) {
    JsonNode inDeployment = object.at("/spec/template/spec/containers/0");
    return inDeployment.isMissingNode() ? object.at("/spec/predictor/containers/0") : inDeployment;
  }

  private static JsonNode read(String file) throws IOException {
    JsonNode read = new YAMLMapper().readTree(FOLDER.resolve(file).toFile());
    assertThat(read).isInstanceOf(ObjectNode.class);
    return read;
  }
}
