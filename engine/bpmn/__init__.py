"""BPMN 2.0: the compiled diagram, its reader, its checks and its layout."""
