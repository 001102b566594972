-- Lmod module for tenor. Put it at MODULEPATH/tenor/VERSION.lua, and say where tenor was installed and which modules it was built with.
local prefix = "/apps/tenor/0.1.0"

help([[Monte Carlo engine for the risk of large compute commitments. tenor --help, man tenor.]])
whatis("Name: tenor")
whatis("Description: risk of large compute commitments by distributed Monte Carlo")

-- The MPI that it was built with: ranks that were built with another one do not know each other.
depends_on("openmpi")

prepend_path("PATH", pathJoin(prefix, "bin"))
prepend_path("MANPATH", pathJoin(prefix, "share/man"))
prepend_path("PYTHONPATH", pathJoin(prefix, "share/tenor/python"))
setenv("TENOR", pathJoin(prefix, "bin/tenor"))
