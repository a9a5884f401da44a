"""Hadoop's own file system, a name node and a data node in one JVM: what Hadoop's own tests run on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headrace.storage.connections import HdfsConnection

from .starting import free_port, installing, missing, serving

VERSION = "3.5.0"
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>headrace</groupId><artifactId>hdfs</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.hadoop</groupId><artifactId>hadoop-client-minicluster</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter-api</artifactId><version>5.13.4</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""
CLUSTER = "org.apache.hadoop.mapreduce.MiniHadoopClusterManager"


@dataclass(frozen=True)
class Hdfs:
    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connection(self) -> HdfsConnection:
        return HdfsConnection(endpoint=self.endpoint, user="headrace", allow_http=True)

    def environment(self) -> dict[str, str]:
        """What a page that needs this server finds in its environment."""
        return {"HDFS_ENDPOINT": self.endpoint}


def jars() -> Path:
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            missing(f"{program} is not installed, which HDFS needs (make system)")
    with installing(f"hdfs-{VERSION}") as folder:
        done = folder / "done"
        if not done.exists():
            (folder / "pom.xml").write_text(POM)
            command = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime"]
            made = subprocess.run(
                [*command, "-DoutputDirectory=jars"], cwd=folder, capture_output=True, text=True
            )
            if made.returncode != 0:
                missing(f"Maven could not install HDFS: {made.stdout[-300:]}")
            done.touch()
        return folder / "jars"


@pytest.fixture(scope="session")
def hdfs_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hdfs]:
    """The file system for the whole process; everybody may write at its root."""
    library, folder, port = jars(), tmp_path_factory.mktemp("hdfs"), free_port()
    details = folder / "details.json"
    command = ["java", "-Xmx300m", "-cp", f"{library}/*", CLUSTER, "-nomr", "-datanodes", "1", "-format"]
    command += ["-nnport", str(free_port()), "-nnhttpport", str(port), "-writeDetails", str(details)]
    command += ["-D", "dfs.permissions.enabled=false", "-D", f"hadoop.tmp.dir={folder}"]
    with serving(command, folder, details.exists, seconds=90):
        yield Hdfs(port)
