package ddim.serve;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The directions in which the packages of the server may know each other. */
@AnalyzeClasses(packages = "ddim.serve", importOptions = ImportOption.DoNotIncludeTests.class)
class ServeArchitectureTest {
  @ArchTest
  static final ArchRule theBatcherAndTheModelsKnowNothingOfGrpc =
      noClasses()
          .that()
          .resideInAnyPackage("ddim.serve.batch..", "ddim.serve.repository..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.grpc..",
              "com.google.protobuf..",
              "com.google.rpc..",
              "ddim.v1..",
              "inference..",
              "tensorflow..");

  @ArchTest
  static final ArchRule theBatcherKnowsNothingOfWhoAsks =
      noClasses()
          .that()
          .resideInAPackage("ddim.serve.batch..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "ddim.serve", "ddim.serve.repository..", "ddim.serve.rpc..", "ddim.serve.error..");
}
