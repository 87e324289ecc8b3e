"""A plugin for skdl: the network `dilated` and the data set `shapes`."""
