package ddim;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The directions in which the packages may know each other. */
@AnalyzeClasses(packages = "ddim", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  @ArchTest
  static final ArchRule diffusionIsPlainJava =
      classes()
          .that()
          .resideInAPackage("ddim.diffusion..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("ddim.diffusion..", "java..", "org.jspecify..");

  @ArchTest
  static final ArchRule grpcStaysInServeAndTheClient =
      noClasses()
          .that()
          .resideOutsideOfPackages("ddim.serve..", "ddim.cli..", "ddim.v1..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.grpc..", "ddim.v1..", "tensorflow..", "inference..");

  @ArchTest
  static final ArchRule tensorFlowStaysInTheGraphPackages =
      noClasses()
          .that()
          .resideInAnyPackage("ddim.diffusion..", "ddim.data..", "ddim.serve..", "ddim.cli..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.tensorflow..", "org.bytedeco..");

  @ArchTest
  static final ArchRule layers =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("cli")
          .definedBy("ddim.cli..")
          .layer("serve")
          .definedBy("ddim.serve..")
          .layer("train")
          .definedBy("ddim.train..")
          .layer("eval")
          .definedBy("ddim.eval..")
          .layer("data")
          .definedBy("ddim.data..")
          .layer("model")
          .definedBy("ddim.model..")
          .layer("sampling")
          .definedBy("ddim.sampling..")
          .layer("nn")
          .definedBy("ddim.nn..")
          .layer("diffusion")
          .definedBy("ddim.diffusion..")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("serve")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("train")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("eval")
          .mayOnlyBeAccessedByLayers("cli", "train")
          .whereLayer("data")
          .mayOnlyBeAccessedByLayers("cli", "train", "eval")
          .whereLayer("model")
          .mayOnlyBeAccessedByLayers("cli", "serve", "train", "eval")
          .whereLayer("sampling")
          .mayOnlyBeAccessedByLayers("model", "train", "eval")
          .withOptionalLayers(true);

  @ArchTest
  static final ArchRule noCycles = slices().matching("ddim.(*)..").should().beFreeOfCycles();
}
